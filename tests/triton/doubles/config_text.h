// config.pbtxt as the JSON that the core gives a backend, as far as our configurations go.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace doubles {

/** Reads protobuf's text format; throws std::runtime_error. */
nlohmann::json parse_config(const std::string& text);

}  // namespace doubles
