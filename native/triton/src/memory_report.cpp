#include "memory_report.h"

namespace trtv::triton {

void MemoryReport::add(TRITONSERVER_MemoryType type, int64_t id, int64_t bytes) {
    if (bytes <= 0) return;
    TRITONSERVER_BufferAttributes* attributes = nullptr;
    check(TRITONSERVER_BufferAttributesNew(&attributes));
    owned_.emplace_back(attributes);
    check(TRITONSERVER_BufferAttributesSetMemoryType(attributes, type));
    check(TRITONSERVER_BufferAttributesSetMemoryTypeId(attributes, id));
    check(TRITONSERVER_BufferAttributesSetByteSize(attributes, static_cast<size_t>(bytes)));
    entries_.push_back(attributes);
}

void MemoryReport::tell(TRITONBACKEND_Model* model) {
    check(TRITONBACKEND_ModelReportMemoryUsage(model, entries_.data(), static_cast<uint32_t>(entries_.size())));
}

void MemoryReport::tell(TRITONBACKEND_ModelInstance* instance) {
    check(TRITONBACKEND_ModelInstanceReportMemoryUsage(instance, entries_.data(),
                                                       static_cast<uint32_t>(entries_.size())));
}

}  // namespace trtv::triton
