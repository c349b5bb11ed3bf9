/* Speech-like sound -> mel -> vocoder -> WAV, in C11.
 *
 *   cc -std=c11 decode.c $(pkg-config --cflags --libs trtvocoder) -lm -o decode
 *   ./decode vocos.onnx out.wav
 */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <trtvocoder.h>

/* One sentence of what went wrong, and the end. */
static void check(int32_t status) {
    if (status == TRTVOCODER_OK) return;
    trtvocoder_error error = {.struct_size = sizeof error};
    trtvocoder_get_last_error(&error);
    fprintf(stderr, "decode: %s\n", error.message);
    exit(1);
}

static float* allocate(int64_t values) {
    float* memory = malloc((size_t)values * sizeof(float));
    if (memory == NULL) exit(1);
    return memory;
}

/* A gliding tone with overtones, as a voice has. */
static void hum(float* audio, int32_t count, int32_t sample_rate) {
    double phase = 0;
    for (int32_t i = 0; i < count; i++) {
        phase += 2 * 3.14159265358979 * (120 + 60.0 * i / count) / sample_rate;
        audio[i] = (float)(0.2 * sin(phase) + 0.1 * sin(2 * phase) + 0.05 * sin(3 * phase));
    }
}

static void write_little(FILE* file, uint32_t value, int bytes) {
    for (int i = 0; i < bytes; i++) fputc((int)(value >> (8 * i) & 255), file);
}

static int write_wav(const char* path, const float* audio, int32_t count, int32_t sample_rate) {
    FILE* file = fopen(path, "wb");
    if (file == NULL) return 1;
    uint32_t bytes = 2 * (uint32_t)count;
    fwrite("RIFF", 1, 4, file);
    write_little(file, 36 + bytes, 4);
    fwrite("WAVEfmt ", 1, 8, file);
    write_little(file, 16, 4);
    write_little(file, 1, 2);
    write_little(file, 1, 2);
    write_little(file, (uint32_t)sample_rate, 4);
    write_little(file, 2 * (uint32_t)sample_rate, 4);
    write_little(file, 2, 2);
    write_little(file, 16, 2);
    fwrite("data", 1, 4, file);
    write_little(file, bytes, 4);
    for (int32_t i = 0; i < count; i++) {
        float sample = fmaxf(-1, fminf(1, audio[i]));
        write_little(file, (uint32_t)(int32_t)lrintf(32767 * sample), 2);
    }
    return fclose(file);
}

int main(int argc, char** argv) {
    if (argc != 3) {
        fprintf(stderr, "usage: decode MODEL OUT.wav\n");
        return 2;
    }
    if (trtvocoder_get_abi_version() != TRTVOCODER_ABI_VERSION) {
        fprintf(stderr, "decode: libtrtvocoder.so is of another version than trtvocoder.h\n");
        return 1;
    }

    trtvocoder_vocoder* vocoder = NULL;
    trtvocoder_session* session = NULL;
    trtvocoder_info info = {.struct_size = sizeof info};
    check(trtvocoder_vocoder_load_file(argv[1], NULL, &vocoder));
    check(trtvocoder_vocoder_get_info(vocoder, &info));
    check(trtvocoder_session_create(vocoder, 0, &session));

    int32_t count = 2 * info.sample_rate, frames = 0, samples = 0;
    float* sound = allocate(count);
    hum(sound, count, info.sample_rate);
    check(trtvocoder_session_get_frame_count(session, count, &frames));
    float* mel = allocate((int64_t)info.mel_count * frames);
    check(trtvocoder_session_compute_mel(session, sound, count, mel, (int64_t)info.mel_count * frames, NULL));

    check(trtvocoder_vocoder_get_sample_count(vocoder, frames, &samples));
    float* audio = allocate(samples);
    check(trtvocoder_session_decode(session, mel, 1, frames, audio, samples, NULL));
    printf("%s: %d frames to %d samples at %d Hz\n", info.backend, (int)frames, (int)samples, (int)info.sample_rate);
    int failed = write_wav(argv[2], audio, samples, info.sample_rate);
    if (failed) fprintf(stderr, "decode: %s cannot be written.\n", argv[2]);

    free(audio);
    free(mel);
    free(sound);
    trtvocoder_session_destroy(session);
    trtvocoder_vocoder_destroy(vocoder);
    return failed != 0;
}
