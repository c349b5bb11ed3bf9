/* A mel that arrives piece by piece, and sound that leaves as soon as it is finished, in C11.
 *
 *   cc -std=c11 stream.c $(pkg-config --cflags --libs trtvocoder) -lm -o stream
 *   ./stream vocos.onnx | aplay --format=FLOAT_LE --rate=24000
 */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <trtvocoder.h>

enum { CHUNK_FRAMES = 10, FRAMES = 200, MOST_BANDS = 256 };

/* One sentence of what went wrong, and the end. */
static void check(int32_t status) {
    if (status == TRTVOCODER_OK) return;
    trtvocoder_error error = {.struct_size = sizeof error};
    trtvocoder_get_last_error(&error);
    fprintf(stderr, "stream: %s\n", error.message);
    exit(1);
}

/* In place of an acoustic model: a few bands that glide, [frames, bands]. */
static void next_frames(float* mel, int32_t first, int32_t frames, int32_t bands) {
    for (int32_t frame = 0; frame < frames; frame++)
        for (int32_t band = 0; band < bands; band++)
            mel[frame * bands + band] = (float)(-6 + 4 * cos(0.4 * band - 0.05 * (first + frame)));
}

/* Writes what is finished. */
static void drain(trtvocoder_stream* stream) {
    float audio[4096];
    int32_t samples = 0;
    do {
        check(trtvocoder_stream_read(stream, audio, sizeof audio / sizeof *audio, &samples));
        fwrite(audio, sizeof *audio, (size_t)samples, stdout);
    } while (samples > 0);
    fflush(stdout);
}

int main(int argc, char** argv) {
    if (argc != 2) {
        fprintf(stderr, "usage: stream MODEL\n");
        return 2;
    }
    trtvocoder_vocoder* vocoder = NULL;
    trtvocoder_info info = {.struct_size = sizeof info};
    check(trtvocoder_vocoder_load_file(argv[1], NULL, &vocoder));
    check(trtvocoder_vocoder_get_info(vocoder, &info));
    if (info.mel_count > MOST_BANDS) {
        fprintf(stderr, "stream: the model has %d mel bands; this example has room for %d.\n", (int)info.mel_count,
                MOST_BANDS);
        return 1;
    }

    trtvocoder_stream* stream = NULL;
    trtvocoder_stream_options options = {.struct_size = sizeof options, .layout = TRTVOCODER_LAYOUT_FRAME_MAJOR};
    check(trtvocoder_stream_create(vocoder, &options, &stream));
    check(trtvocoder_stream_warm_up(stream, CHUNK_FRAMES));
    static float mel[CHUNK_FRAMES * MOST_BANDS];
    for (int32_t first = 0; first < FRAMES; first += CHUNK_FRAMES) {
        next_frames(mel, first, CHUNK_FRAMES, info.mel_count);
        check(trtvocoder_stream_push(stream, mel, CHUNK_FRAMES, NULL));
        drain(stream);
    }
    check(trtvocoder_stream_complete(stream, NULL));
    drain(stream);

    trtvocoder_stream_destroy(stream);
    trtvocoder_vocoder_destroy(vocoder);
    return 0;
}
