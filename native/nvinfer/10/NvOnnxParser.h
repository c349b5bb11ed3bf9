/*
 * TensorRT 10's ONNX parser, as far as it is used. Our own declarations: names, slots and numbers are TensorRT's.
 */
#ifndef TRTVOCODER_NVINFER10_NVONNXPARSER_H
#define TRTVOCODER_NVINFER10_NVONNXPARSER_H

#include <NvInfer.h>

#include <cstdlib>

namespace nvonnxparser {

enum class ErrorCode : int {
    kSUCCESS = 0,
    kINTERNAL_ERROR = 1,
    kMEM_ALLOC_FAILED = 2,
    kMODEL_DESERIALIZE_FAILED = 3,
    kINVALID_VALUE = 4,
    kINVALID_GRAPH = 5,
    kINVALID_NODE = 6,
    kUNSUPPORTED_GRAPH = 7,
    kUNSUPPORTED_NODE = 8,
};

/** One complaint; node is -1 when it is not about a node. */
class IParserError {
public:
    virtual ErrorCode code() const = 0;
    virtual char const* desc() const = 0;
    virtual char const* file() const = 0;
    virtual int line() const = 0;
    virtual char const* func() const = 0;
    virtual int node() const = 0;
    virtual char const* nodeName() const = 0;
    virtual char const* nodeOperator() const = 0;

protected:
    virtual ~IParserError() = default;
};

/** Fills a network from an ONNX model. */
class IParser {
public:
    virtual bool parse(void const* serialized_onnx_model, std::size_t serialized_onnx_model_size,
                       char const* model_path = nullptr) noexcept = 0;
    virtual void reserved1() noexcept { std::abort(); }
    virtual void reserved2() noexcept { std::abort(); }
    virtual void reserved3() noexcept { std::abort(); }
    virtual void reserved4() noexcept { std::abort(); }
    virtual int getNbErrors() const noexcept = 0;
    virtual IParserError const* getError(int index) const noexcept = 0;
    virtual void clearErrors() noexcept = 0;
    virtual ~IParser() noexcept = default;
};

}  // namespace nvonnxparser

extern "C" void* createNvOnnxParser_INTERNAL(void* network, void* logger, int version) noexcept;
extern "C" int getNvOnnxParserVersion() noexcept;

#endif
