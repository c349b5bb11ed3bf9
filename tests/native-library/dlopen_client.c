/* Loads the library by path alone, from any working directory: dlopen_client LIBRARY MODEL. Once more after dlclose,
 * and beside a copy of itself where COPY is given. Ends in 'N passed, N failed, N skipped'. */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <trtvocoder.h>

typedef int32_t (*load_file)(const char*, const trtvocoder_options*, trtvocoder_vocoder**);
typedef int32_t (*create)(trtvocoder_vocoder*, int32_t, trtvocoder_session**);
typedef int32_t (*decode)(trtvocoder_session*, const float*, int32_t, int32_t, float*, int64_t, int32_t*);
typedef int32_t (*tell)(trtvocoder_error*);
typedef void (*destroy)(void*);

static int passed = 0, failed = 0;

/* A function of a library; ISO C has no cast from void* to it. */
#define FIND(type, library, name) (*(type*)(void*[]){dlsym(library, name)})

static void* use(const char* what, const char* path, const char* model) {
    static float mel[100 * 20], audio[24000];
    for (int i = 0; i < 100 * 20; i++) mel[i] = -5;
    void* library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) {
        failed++;
        printf("FAIL  %s: %s\n", what, dlerror());
        return NULL;
    }
    trtvocoder_vocoder* vocoder = NULL;
    trtvocoder_session* session = NULL;
    int32_t samples = 0;
    if (FIND(load_file, library, "trtvocoder_vocoder_load_file")(model, NULL, &vocoder) == 0 &&
        FIND(create, library, "trtvocoder_session_create")(vocoder, 0, &session) == 0 &&
        FIND(decode, library, "trtvocoder_session_decode")(session, mel, 1, 20, audio, 24000, &samples) == 0 &&
        samples > 0) {
        passed++;
        printf("pass  %s\n", what);
    } else {
        trtvocoder_error error = {.struct_size = sizeof error};
        FIND(tell, library, "trtvocoder_get_last_error")(&error);
        failed++;
        printf("FAIL  %s: %s\n", what, error.message);
    }
    FIND(destroy, library, "trtvocoder_session_destroy")(session);
    FIND(destroy, library, "trtvocoder_vocoder_destroy")(vocoder);
    return library;
}

int main(int argc, char** argv) {
    if (argc != 4) {
        fprintf(stderr, "usage: dlopen_client LIBRARY MODEL COPY\n");
        return 2;
    }
    void* library = use("the library is found by its path, and finds ONNX Runtime beside itself", argv[1], argv[2]);
    if (library != NULL) dlclose(library);
    use("a second load after dlclose works", argv[1], argv[2]);
    use("a copy from another folder works beside it", argv[3], argv[2]);
    printf("%d passed, %d failed, 0 skipped\n", passed, failed);
    return failed > 0;
}
