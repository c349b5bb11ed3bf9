#include "plan.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "simulation.h"

namespace trtv_sim {
namespace {

// The outside that real plans have: magic, two words, size, version.
constexpr char kMagic[] = "ftrt";
constexpr size_t kSizeOffset = 16;
constexpr size_t kVersionOffset = 24;
constexpr size_t kPayloadOffset = 32;

std::string serializationError(const std::string& text) {
    return "IRuntime::deserializeCudaEngine: Error Code 1: Serialization (" + text + ")";
}

uint64_t checksum(std::string_view bytes) {
    uint64_t hash = 14695981039346656037ULL;  // FNV-1a.
    for (const char byte : bytes) hash = (hash ^ static_cast<uint8_t>(byte)) * 1099511628211ULL;
    return hash;
}

class Writer {
public:
    void number(int64_t value) { bytes.append(reinterpret_cast<const char*>(&value), 8); }
    void text(const std::string& value) {
        number(static_cast<int64_t>(value.size()));
        bytes += value;
    }
    void shape(const onnx::Shape& shape) {
        number(static_cast<int64_t>(shape.size()));
        for (const int64_t size : shape) number(size);
    }
    std::string bytes;
};

class Reader {
public:
    explicit Reader(std::string_view bytes) : bytes_(bytes) {}
    int64_t number() {
        int64_t value = 0;
        std::memcpy(&value, take(8).data(), 8);
        return value;
    }
    std::string text() { return std::string(take(static_cast<uint64_t>(number()))); }
    onnx::Shape shape() {
        onnx::Shape shape;
        for (int64_t rank = number(); rank > 0; --rank) shape.push_back(number());
        return shape;
    }

private:
    std::string_view take(uint64_t length) {
        if (length > bytes_.size()) throw std::runtime_error(serializationError("Serialization assertion failed."));
        const auto taken = bytes_.substr(0, length);
        bytes_.remove_prefix(length);
        return taken;
    }
    std::string_view bytes_;
};

void checkOutside(std::string_view bytes) {
    if (bytes.size() < kPayloadOffset || bytes.substr(0, 4) != std::string_view(kMagic, 4)) {
        throw std::runtime_error(
            serializationError("Serialization assertion magicTagRead == kMAGIC_TAG failed.Magic tag does not match"));
    }
    uint32_t words[2] = {0, 0};
    uint64_t size = 0;
    std::memcpy(words, bytes.data() + 4, 8);
    std::memcpy(&size, bytes.data() + kSizeOffset, 8);
    if (words[0] != 0 || words[1] != 2) {
        throw std::runtime_error(
            serializationError("Serialization assertion stdVersionRead == kSERIALIZATION_VERSION failed.Version tag "
                               "does not match. Note: Current Version: 2, Serialized Engine Version: " +
                               std::to_string(words[1])));
    }
    if (size != bytes.size()) {
        throw std::runtime_error(
            serializationError("Serialization assertion sizeRead == mEnd - mCurrent failed.Size specified in header "
                               "does not match archive size"));
    }
}

void checkVersion(const Plan& plan) {
    const Version here = Version::current();
    if (plan.versionCompatible || plan.version.text() == here.text()) return;
    throw std::runtime_error(
        serializationError("Serialization assertion failed.The engine plan file is not compatible with this version of "
                           "TensorRT, expecting "
                           "library version " +
                           here.text() + " got " + plan.version.text() + ", please rebuild."));
}

void checkFits(const Plan& plan, bool hostCodeAllowed) {
    if (plan.versionCompatible && !hostCodeAllowed) {
        throw std::runtime_error(
            "IRuntime::deserializeCudaEngine: Error Code 3: API Usage Error (Cannot deserialize engine with lean "
            "runtime "
            "since IRuntime::getEngineHostCodeAllowed() is false.)");
    }
    checkVersion(plan);
    const std::string capability = Simulation::instance().text("compute_capability");
    const bool ampereOrLater = std::atoi(capability.c_str()) >= 8;
    const bool portable = plan.hardware == nvinfer1::HardwareCompatibilityLevel::kAMPERE_PLUS && ampereOrLater;
    if (!portable && plan.computeCapability != capability) {
        throw std::runtime_error(
            "IRuntime::deserializeCudaEngine: Error Code 6: API Usage Error (The engine plan file is "
            "generated on an incompatible device, expecting compute " +
            capability + " got compute " + plan.computeCapability + ", please rebuild.)");
    }
}

}  // namespace

Version Version::current() {
    Version version;
    const std::string text = Simulation::instance().text("version");
    std::sscanf(text.c_str(), "%d.%d.%d.%d", &version.parts[0], &version.parts[1], &version.parts[2],
                &version.parts[3]);
    return version;
}

std::string Version::text() const {
    std::string text = std::to_string(parts[0]);
    for (int i = 1; i < 4; ++i) text += "." + std::to_string(parts[i]);
    return text;
}

int32_t Version::number() const { return parts[0] * 10000 + parts[1] * 100 + parts[2]; }

std::string writePlan(const Plan& plan) {
    Writer payload;
    payload.text(plan.computeCapability);
    payload.number(static_cast<int64_t>(plan.hardware));
    payload.number(static_cast<int64_t>(plan.verbosity));
    payload.number(plan.versionCompatible);
    payload.number(plan.refittable);
    payload.number(static_cast<int64_t>(plan.profiles.size()));
    for (const ProfileRanges& profile : plan.profiles) {
        payload.number(static_cast<int64_t>(profile.size()));
        for (const auto& [name, range] : profile) {
            payload.text(name);
            for (const onnx::Shape& shape : range.shapes) payload.shape(shape);
        }
    }
    payload.text(plan.onnx);

    std::string bytes(kPayloadOffset, '\0');
    bytes.replace(0, 4, kMagic);
    bytes[8] = 2;
    const uint64_t size = kPayloadOffset + payload.bytes.size() + 8;
    std::memcpy(&bytes[kSizeOffset], &size, 8);
    for (size_t i = 0; i < 4; ++i) bytes[kVersionOffset + i] = static_cast<char>(plan.version.parts[i]);
    bytes += payload.bytes;
    const uint64_t sum = checksum(payload.bytes);
    bytes.append(reinterpret_cast<const char*>(&sum), 8);
    return bytes;
}

Plan readPlan(std::string_view bytes, bool hostCodeAllowed) {
    checkOutside(bytes);
    Plan plan;
    for (size_t i = 0; i < 4; ++i) plan.version.parts[i] = static_cast<uint8_t>(bytes[kVersionOffset + i]);
    const std::string_view payload = bytes.substr(kPayloadOffset, bytes.size() - kPayloadOffset - 8);
    uint64_t sum = 0;
    std::memcpy(&sum, bytes.data() + bytes.size() - 8, 8);
    if (bytes.size() < kPayloadOffset + 8 || sum != checksum(payload)) {
        checkVersion(plan);  // A plan of the real library: its version is a better reason than its unknown inside.
        throw std::runtime_error(serializationError("Serialization assertion failed.The payload is damaged"));
    }
    Reader reader(payload);
    plan.computeCapability = reader.text();
    plan.hardware = static_cast<nvinfer1::HardwareCompatibilityLevel>(reader.number());
    plan.verbosity = static_cast<nvinfer1::ProfilingVerbosity>(reader.number());
    plan.versionCompatible = reader.number() != 0;
    plan.refittable = reader.number() != 0;
    plan.profiles.resize(static_cast<size_t>(reader.number()));
    for (ProfileRanges& profile : plan.profiles) {
        for (int64_t inputs = reader.number(); inputs > 0; --inputs) {
            ProfileRange& range = profile[reader.text()];
            for (onnx::Shape& shape : range.shapes) shape = reader.shape();
        }
    }
    plan.onnx = reader.text();
    checkFits(plan, hostCodeAllowed);
    return plan;
}

}  // namespace trtv_sim
