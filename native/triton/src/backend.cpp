// What the core calls. One backend, libtriton_trtvocoder.so: a model is a Model, an instance an Instance.
#include "boundary.h"
#include "instance.h"
#include "model.h"

using trtv::triton::check;
using trtv::triton::Failure;
using trtv::triton::guard;
using trtv::triton::Instance;
using trtv::triton::Model;
using trtv::triton::VocoderLibrary;

#define TRTV_EXPORT extern "C" __attribute__((visibility("default")))

TRTV_EXPORT TRITONSERVER_Error* TRITONBACKEND_Initialize(TRITONBACKEND_Backend*) {
    return guard([] {
        uint32_t major = 0;
        uint32_t minor = 0;
        check(TRITONBACKEND_ApiVersion(&major, &minor));
        if (major != TRITONBACKEND_API_VERSION_MAJOR || minor < trtv::triton::oldest_minor) {
            throw Failure(TRITONSERVER_ERROR_UNSUPPORTED,
                          "This server's backend API is " + std::to_string(major) + "." + std::to_string(minor) +
                              ", the trtvocoder backend needs " + std::to_string(TRITONBACKEND_API_VERSION_MAJOR) +
                              "." + std::to_string(trtv::triton::oldest_minor) + " or a later one of that major.");
        }
        const VocoderLibrary& library = VocoderLibrary::instance();
        trtv::triton::log(TRITONSERVER_LOG_INFO, std::string("backend of TrtVocoder ") + library.get_version());
    });
}

TRTV_EXPORT TRITONSERVER_Error* TRITONBACKEND_ModelInitialize(TRITONBACKEND_Model* model) {
    return guard([&] {
        auto state = std::make_unique<Model>(model);
        check(TRITONBACKEND_ModelSetState(model, state.get()));
        state.release();
    });
}

TRTV_EXPORT TRITONSERVER_Error* TRITONBACKEND_ModelFinalize(TRITONBACKEND_Model* model) {
    return guard([&] { delete Model::find(model); });
}

TRTV_EXPORT TRITONSERVER_Error* TRITONBACKEND_ModelInstanceInitialize(TRITONBACKEND_ModelInstance* instance) {
    return guard([&] {
        TRITONBACKEND_Model* model = nullptr;
        check(TRITONBACKEND_ModelInstanceModel(instance, &model));
        auto state = std::make_unique<Instance>(*Model::find(model), instance);
        check(TRITONBACKEND_ModelInstanceSetState(instance, state.get()));
        state.release();
    });
}

TRTV_EXPORT TRITONSERVER_Error* TRITONBACKEND_ModelInstanceFinalize(TRITONBACKEND_ModelInstance* instance) {
    return guard([&] { delete Instance::find(instance); });
}

TRTV_EXPORT TRITONSERVER_Error* TRITONBACKEND_ModelInstanceExecute(TRITONBACKEND_ModelInstance* instance,
                                                                   TRITONBACKEND_Request** requests,
                                                                   const uint32_t request_count) {
    return guard([&] { Instance::find(instance)->execute(requests, request_count); });
}

TRTV_EXPORT TRITONSERVER_Error* TRITONBACKEND_ModelInstanceReady(TRITONBACKEND_ModelInstance* instance) {
    return guard([&] { Instance::find(instance)->require_ready(); });
}
