// TensorRT's factories crash or throw where there is no CUDA driver or GPU: this is asked first.
#pragma once

#include <string>
#include <vector>

namespace trtv {

/** Initialises the CUDA driver; throws if there is none or it sees no GPU. A success is remembered, a failure is not.
 */
void require_driver(const std::vector<std::string>& candidates);

}  // namespace trtv
