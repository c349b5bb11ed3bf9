// What of the machine's memory a model or an instance holds, as the core is told.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "boundary.h"

namespace trtv::triton {

class MemoryReport {
public:
    /** Adds bytes of a kind of memory; none are nothing. */
    void add(TRITONSERVER_MemoryType type, int64_t id, int64_t bytes);
    /** Takes the place of what was told before. */
    void tell(TRITONBACKEND_Model* model);
    void tell(TRITONBACKEND_ModelInstance* instance);

private:
    struct Deleter {
        void operator()(TRITONSERVER_BufferAttributes* attributes) const noexcept {
            log_if_failed(TRITONSERVER_BufferAttributesDelete(attributes), "attributes of memory");
        }
    };

    std::vector<std::unique_ptr<TRITONSERVER_BufferAttributes, Deleter>> owned_;
    std::vector<TRITONSERVER_BufferAttributes*> entries_;
};

}  // namespace trtv::triton
