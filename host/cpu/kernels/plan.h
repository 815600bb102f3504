// SPDX-License-Identifier: BSD-3-Clause
// A network in integers, read from the words that host/cpu/program.py writes. Everything is checked again here:
// whatever the bytes are, the kernels never read or write outside their buffers.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <string>
#include <vector>

namespace wrapnet {
namespace {

struct Invalid : std::runtime_error {
    using std::runtime_error::runtime_error;
};

inline void require(bool condition, const std::string& message) {
    if (!condition) throw Invalid(message);
}

struct Shape {
    int channels = 0, height = 0, width = 0;
    int64_t size() const { return int64_t(channels) * height * width; }
};

struct Window {  // of a convolution or pool
    int kernel_h, kernel_w, stride_h, stride_w, top, left, bottom, right, dilation_h, dilation_w;
    int64_t taps() const { return int64_t(kernel_h) * kernel_w; }
    int64_t span_h() const { return int64_t(dilation_h) * (kernel_h - 1) + 1; }
    int64_t span_w() const { return int64_t(dilation_w) * (kernel_w - 1) + 1; }
    bool is_tiling() const {  // windows side by side
        return kernel_h == stride_h && kernel_w == stride_w && dilation_h == 1 && dilation_w == 1 &&
               !(top | left | bottom | right);
    }
};

struct Activation {
    std::vector<int32_t> sign;        // [channels]: +1 or -1
    std::vector<int32_t> thresholds;  // [channels][levels]
    int levels = 0;
};

enum class Kind { kConv = 1, kLookup, kMaxPool, kSumPool, kAdd };

struct Step {
    Kind kind;
    int source = 0, other = 0, target = -1;  // tensors; target -1: the network's output
    Window window{1, 1, 1, 1, 0, 0, 0, 0, 1, 1};
    Shape out;
    // Convolution: weights [out.channels][inputs][taps], of which each group of channels sees its own inputs.
    int inputs = 0, groups = 1, bits = 8;
    int64_t fold = 0;  // 0: none
    std::vector<int8_t> weights;
    bool activated = false;
    Activation activation;
    std::vector<uint8_t> table;  // look-up: [1 or channels][256]
};

struct Plan {
    std::vector<Shape> tensors;  // the first is the network's input
    std::vector<Step> steps;     // in order; the last writes the output
    int64_t outputs() const { return steps.back().out.size(); }
};

constexpr int32_t kMagic = 0x31504e57;  // "WNP1"
constexpr int kMostSize = 1 << 16;  // of a side, kernel, stride, ...
constexpr int64_t kMostElements = 1 << 26;  // of one image's tensor, and of a layer's weights

class Reader {
  public:
    Reader(const void* data, size_t bytes) : at_(static_cast<const char*>(data)), left_(bytes) {}

    int32_t word() {
        int32_t value;
        copy(&value, sizeof(value));
        return value;
    }

    int word(int least, int most, const char* what) {
        const int32_t value = word();
        require(least <= value && value <= most, std::string(what) + " is " + std::to_string(value) + ", expected " +
                                                     std::to_string(least) + ".." + std::to_string(most));
        return value;
    }

    // `count` elements, padded to whole words.
    template <class T> std::vector<T> array(int64_t count) {
        require(count >= 0 && uint64_t(count) <= left_ / sizeof(T), "the program is truncated");
        std::vector<T> values(count);
        copy(values.data(), count * sizeof(T));
        const size_t padding = size_t(-int64_t(count * sizeof(T))) % 4;
        require(padding <= left_, "the program is truncated");
        at_ += padding;
        left_ -= padding;
        return values;
    }

    bool finished() const { return left_ == 0; }

  private:
    void copy(void* to, size_t bytes) {
        require(bytes <= left_, "the program is truncated");
        if (bytes) memcpy(to, at_, bytes);
        at_ += bytes;
        left_ -= bytes;
    }

    const char* at_;
    size_t left_;
};

inline Window read_window(Reader& in) {
    constexpr int kMost = kMostSize;
    Window w{};
    w.kernel_h = in.word(1, kMost, "kernel height");
    w.kernel_w = in.word(1, kMost, "kernel width");
    w.stride_h = in.word(1, kMost, "stride");
    w.stride_w = in.word(1, kMost, "stride");
    w.top = in.word(0, kMost, "padding");
    w.left = in.word(0, kMost, "padding");
    w.bottom = in.word(0, kMost, "padding");
    w.right = in.word(0, kMost, "padding");
    w.dilation_h = in.word(1, kMost, "dilation");
    w.dilation_w = in.word(1, kMost, "dilation");
    return w;
}

inline Shape slide(const Shape& in, const Window& w, int channels) {
    const int64_t height = in.height + w.top + w.bottom - w.span_h(), width = in.width + w.left + w.right - w.span_w();
    require(height >= 0 && width >= 0, "the kernel is larger than the padded input");
    const Shape out{channels, int(height / w.stride_h + 1), int(width / w.stride_w + 1)};
    require(out.size() <= kMostElements, "a result is too large");
    return out;
}

inline Activation read_activation(Reader& in, int channels) {
    Activation activation;
    activation.levels = in.word(0, 255, "number of thresholds");
    activation.sign = in.array<int32_t>(channels);
    for (int32_t sign : activation.sign) require(sign == 1 || sign == -1, "a sign is neither 1 nor -1");
    activation.thresholds = in.array<int32_t>(int64_t(channels) * activation.levels);
    return activation;
}

inline void read_convolution(Reader& in, const Plan& plan, Step& step) {
    const Shape& source = plan.tensors[step.source];
    const int channels = in.word(1, kMostElements, "output channels");
    step.inputs = in.word(1, source.channels, "input channels of a group");
    step.window = read_window(in);
    step.groups = in.word(1, channels, "groups");
    step.bits = in.word(4, 32, "accumulator bits");
    step.fold = in.word(0, INT32_MAX, "fold");
    require(int64_t(step.inputs) * step.groups == source.channels, "a convolution's inputs do not match its source");
    require(channels % step.groups == 0, "output channels are not a multiple of the groups");
    step.out = slide(source, step.window, channels);
    // The stride of a single row or column is never used.
    if (step.out.height == 1) step.window.stride_h = 1;
    if (step.out.width == 1) step.window.stride_w = 1;
    const int64_t filters = int64_t(channels) * step.inputs;
    require(filters <= kMostElements && step.window.taps() <= kMostElements / filters, "a layer has too many weights");
    step.weights = in.array<int8_t>(filters * step.window.taps());
    step.activated = in.word(0, 1, "activation");
    if (step.activated) step.activation = read_activation(in, channels);
    require(step.activated == (step.target >= 0), "only the last convolution is without activation");
}

inline Step read_step(Reader& in, const Plan& plan) {
    const int tensors = int(plan.tensors.size());
    Step step;
    step.kind = Kind(in.word(1, 5, "kind of step"));
    step.source = in.word(0, tensors - 1, "source");
    step.other = step.kind == Kind::kAdd ? in.word(0, tensors - 1, "source") : step.source;
    step.target = in.word(step.kind == Kind::kConv ? -1 : 1, tensors - 1, "target");
    require(step.target != 0, "a step writes the network's input");
    const Shape& source = plan.tensors[step.source];
    switch (step.kind) {
        case Kind::kConv: read_convolution(in, plan, step); break;
        case Kind::kLookup: {
            step.out = source;
            const int rows = in.word(1, kMostElements, "rows of a table");
            require(rows == 1 || rows == source.channels, "a table has neither 1 row nor one a channel");
            step.table = in.array<uint8_t>(256 * int64_t(rows));
            break;
        }
        case Kind::kMaxPool:
            step.window = read_window(in);
            step.out = slide(source, step.window, source.channels);
            break;
        case Kind::kSumPool:
            step.out = {source.channels, 1, 1};
            step.activation = read_activation(in, source.channels);
            break;
        case Kind::kAdd: {
            const Shape& other = plan.tensors[step.other];
            require(source.channels == other.channels && source.height == other.height && source.width == other.width,
                    "the two sources of an addition differ in shape");
            step.out = source;
        }
    }
    if (step.target >= 0) {
        const Shape& target = plan.tensors[step.target];
        require(target.channels == step.out.channels && target.height == step.out.height &&
                    target.width == step.out.width, "a step's target has another shape than its result");
    }
    return step;
}

inline Plan read_plan(const void* data, size_t bytes) {
    Reader in(data, bytes);
    require(in.word() == kMagic, "not a program of this engine");
    Plan plan;
    const int tensors = in.word(1, 1 << 16, "number of tensors");
    for (int i = 0; i < tensors; i++) {
        Shape shape;
        shape.channels = in.word(1, kMostElements, "channels");
        shape.height = in.word(1, kMostSize, "height");
        shape.width = in.word(1, kMostSize, "width");
        require(int64_t(shape.height) * shape.width <= kMostElements / shape.channels, "a tensor is too large");
        plan.tensors.push_back(shape);
    }
    std::vector<bool> written(tensors);
    written[0] = true;
    const int steps = in.word(1, 1 << 16, "number of steps");
    for (int i = 0; i < steps; i++) {
        plan.steps.push_back(read_step(in, plan));
        const Step& step = plan.steps.back();
        require(written[step.source] && written[step.other], "a step reads a tensor before it is written");
        require((step.target < 0) == (i == steps - 1), "the output is written by the last step, and only by it");
        if (step.target >= 0) {
            require(!written[step.target], "a tensor is written twice");
            written[step.target] = true;
        }
    }
    require(in.finished(), "the program has words after its end");
    return plan;
}

}  // namespace
}  // namespace wrapnet
