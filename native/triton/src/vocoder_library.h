// libtrtvocoder.so from the backend's own folder. It is opened, not linked, so that a missing one is a sentence in the
// server's log, and so that the folder decides and not what the system has.
#pragma once

#include <memory>
#include <string>

#include "boundary.h"
#include "trtvocoder.h"

namespace trtv::triton {

/** The functions in use, by their names in trtvocoder.h. */
class VocoderLibrary {
public:
    /** Opens it once in the process; later calls give the same. */
    static const VocoderLibrary& instance();

    decltype(&trtvocoder_get_abi_version) get_abi_version;
    decltype(&trtvocoder_get_version) get_version;
    decltype(&trtvocoder_get_last_error) get_last_error;
    decltype(&trtvocoder_log_set_callback) log_set_callback;
    decltype(&trtvocoder_vocoder_load_file) vocoder_load_file;
    decltype(&trtvocoder_vocoder_destroy) vocoder_destroy;
    decltype(&trtvocoder_vocoder_get_info) vocoder_get_info;
    decltype(&trtvocoder_vocoder_get_sample_count) vocoder_get_sample_count;
    decltype(&trtvocoder_vocoder_copy_from_device) vocoder_copy_from_device;
    decltype(&trtvocoder_vocoder_copy_to_device) vocoder_copy_to_device;
    decltype(&trtvocoder_stream_create) stream_create;
    decltype(&trtvocoder_stream_destroy) stream_destroy;
    decltype(&trtvocoder_stream_warm_up) stream_warm_up;
    decltype(&trtvocoder_stream_push) stream_push;
    decltype(&trtvocoder_stream_complete) stream_complete;
    decltype(&trtvocoder_stream_read) stream_read;
    decltype(&trtvocoder_stream_reset) stream_reset;
    decltype(&trtvocoder_scheduler_create) scheduler_create;
    decltype(&trtvocoder_scheduler_destroy) scheduler_destroy;
    decltype(&trtvocoder_scheduler_warm_up) scheduler_warm_up;
    decltype(&trtvocoder_scheduler_submit) scheduler_submit;
    decltype(&trtvocoder_scheduler_cancel) scheduler_cancel;
    decltype(&trtvocoder_scheduler_wait_for_room) scheduler_wait_for_room;
    decltype(&trtvocoder_scheduler_get_window_count) scheduler_get_window_count;
    decltype(&trtvocoder_scheduler_get_memory) scheduler_get_memory;
    decltype(&trtvocoder_scheduler_get_statistics) scheduler_get_statistics;

    /** Throws the thread's last error where status is one: as LostContext, where it tells of that. */
    void check(int32_t status) const;

private:
    VocoderLibrary();
};

/** The kind of the core's errors that a status of the library's is. */
TRITONSERVER_Error_Code error_code(int32_t status) noexcept;

struct VocoderDeleter {
    void operator()(trtvocoder_vocoder* vocoder) const noexcept { VocoderLibrary::instance().vocoder_destroy(vocoder); }
};
struct StreamDeleter {
    void operator()(trtvocoder_stream* stream) const noexcept { VocoderLibrary::instance().stream_destroy(stream); }
};
struct SchedulerDeleter {
    void operator()(trtvocoder_scheduler* scheduler) const noexcept {
        VocoderLibrary::instance().scheduler_destroy(scheduler);
    }
};
using VocoderHandle = std::unique_ptr<trtvocoder_vocoder, VocoderDeleter>;
using StreamHandle = std::unique_ptr<trtvocoder_stream, StreamDeleter>;
using SchedulerHandle = std::unique_ptr<trtvocoder_scheduler, SchedulerDeleter>;

}  // namespace trtv::triton
