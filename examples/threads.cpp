// One vocoder, a session for each thread, in C++17: handles as unique_ptr, errors as exceptions.
//
//   c++ -std=c++17 threads.cpp $(pkg-config --cflags --libs trtvocoder) -pthread -o threads
//   ./threads vocos.onnx 4
#include <trtvocoder.h>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <memory>
#include <stdexcept>
#include <thread>
#include <vector>

namespace {

struct Destroy {
    void operator()(trtvocoder_vocoder* handle) const { trtvocoder_vocoder_destroy(handle); }
    void operator()(trtvocoder_session* handle) const { trtvocoder_session_destroy(handle); }
};
using Vocoder = std::unique_ptr<trtvocoder_vocoder, Destroy>;
using Session = std::unique_ptr<trtvocoder_session, Destroy>;

void check(int32_t status) {
    if (status == TRTVOCODER_OK) return;
    trtvocoder_error error{};
    error.struct_size = sizeof error;
    trtvocoder_get_last_error(&error);
    throw std::runtime_error(error.message);
}

Vocoder load(const char* path) {
    trtvocoder_vocoder* handle = nullptr;
    check(trtvocoder_vocoder_load_file(path, nullptr, &handle));
    return Vocoder(handle);
}

Session make_session(trtvocoder_vocoder* vocoder) {
    trtvocoder_session* handle = nullptr;
    check(trtvocoder_session_create(vocoder, 0, &handle));
    return Session(handle);
}

std::vector<float> decode(trtvocoder_session* session, trtvocoder_vocoder* vocoder, const std::vector<float>& mel,
                          int32_t frames) {
    int32_t samples = 0;
    check(trtvocoder_vocoder_get_sample_count(vocoder, frames, &samples));
    std::vector<float> audio(static_cast<size_t>(samples));
    check(trtvocoder_session_decode(session, mel.data(), 1, frames, audio.data(), samples, nullptr));
    return audio;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 3) {
        std::fprintf(stderr, "usage: threads MODEL THREADS\n");
        return 2;
    }
    try {
        const int32_t frames = 100;
        Vocoder vocoder = load(argv[1]);
        trtvocoder_info info{};
        info.struct_size = sizeof info;
        check(trtvocoder_vocoder_get_info(vocoder.get(), &info));
        std::vector<float> mel(static_cast<size_t>(info.mel_count) * frames);
        for (size_t i = 0; i < mel.size(); i++) mel[i] = -4 - static_cast<float>(i / frames) / 20;

        std::vector<std::vector<float>> results(static_cast<size_t>(std::atoi(argv[2])));
        std::vector<std::exception_ptr> errors(results.size());
        std::vector<std::thread> threads;
        for (size_t i = 0; i < results.size(); i++)
            threads.emplace_back([&, i] {
                try {
                    Session session = make_session(vocoder.get());
                    results[i] = decode(session.get(), vocoder.get(), mel, frames);
                } catch (...) {
                    errors[i] = std::current_exception();
                }
            });
        for (std::thread& thread : threads) thread.join();
        for (const std::exception_ptr& error : errors)
            if (error) std::rethrow_exception(error);
        for (const std::vector<float>& result : results)
            if (result != results[0]) throw std::runtime_error("Two threads decoded one mel to different samples.");
        std::printf("%zu threads, %zu samples each\n", results.size(), results.empty() ? 0 : results[0].size());
        return 0;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "threads: %s\n", error.what());
        return 1;
    }
}
