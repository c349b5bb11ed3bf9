// A driver that only says whether it is there: what cuInit gives and how many GPUs it sees is chosen when it is
// compiled.
#define EXPORT extern "C" __attribute__((visibility("default")))

EXPORT int cuInit(unsigned) { return CUDA_INIT_RESULT; }

EXPORT int cuDeviceGetCount(int* count) {
    *count = CUDA_DEVICE_COUNT;
    return 0;
}

EXPORT int cuGetErrorName(int result, const char** text) {
    *text = result == 100 ? "CUDA_ERROR_NO_DEVICE" : "CUDA_ERROR_OTHER";
    return 0;
}
