// SPDX-License-Identifier: BSD-3-Clause
// What all layers share: where tensors lie, and how work is cut into items that any worker may run in any order.
#pragma once

#include <memory>

#include "lanes.h"
#include "plan.h"

namespace wrapnet {
namespace {

constexpr int kBatch = 64;  // images that one workspace holds: the lanes of a block of bytes

inline int64_t divide_up(int64_t a, int64_t b) { return (a + b - 1) / b; }

// A tensor in a workspace: [channels][top + height + bottom][left + width + right][images], one byte a level. The
// margins hold zeros: a convolution that pads by no more than they are wide reads the tensor as it lies.
struct Layout {
    Shape shape;
    int top = 0, left = 0, bottom = 0, right = 0;
    int64_t offset = 0;  // bytes from the start of the workspace

    int64_t width() const { return left + shape.width + right; }
    int64_t plane() const { return (top + shape.height + bottom) * width(); }
    int64_t positions() const { return shape.channels * plane(); }
    int64_t position(int64_t c, int64_t y, int64_t x) const { return c * plane() + (y + top) * width() + x + left; }
};

// One run of the network on up to kBatch images.
struct Batch {
    uint8_t* workspace;
    const uint8_t* images;   // [n][height][width][channels]
    int32_t* out;            // [n][outputs]
    int32_t* const* taps;    // by convolution: [n][channels][height][width] wrapped accumulators; or null
    int n;

    uint8_t* at(const Layout& tensor, int64_t c, int64_t y, int64_t x) const {
        return workspace + tensor.offset + tensor.position(c, y, x) * n;
    }
};

constexpr int kMostTaps = 1024;  // that may use one table

struct ActiveTap {
    int tap;     // its number among those that read a table
    int64_t to;  // where it adds: bytes into the accumulators
};

// A worker's own memory.
struct Scratch {
    char* tables;        // kTableBytes
    char* accumulators;  // as many bytes as the layer that needs most
    ActiveTap* taps;     // kMostTaps
};

// Of a layer without arithmetic to speak of, for a block of its source: it waits for the caches.
constexpr double kCyclesOfBlock = 8;

struct Layer {
    int step = 0;  // of the plan
    virtual ~Layer() = default;
    // Items for n images and so many workers; results do not depend on either.
    virtual int items(int n, int workers) const = 0;
    virtual void run(int item, int workers, const Batch& batch, const Scratch& scratch) const = 0;
    virtual double cycles(int /*n*/) const { return 0; }  // a rough estimate, where it is much
    virtual int64_t scratch_bytes(int /*n*/, int /*workers*/) const { return 0; }
    virtual int64_t constant_bytes() const { return 0; }  // what it holds: indices, tables
};

inline void clear_margins(const Batch& batch, const Layout& tensor, int64_t channel) {
    const int64_t width = tensor.width();
    uint8_t* at = batch.workspace + tensor.offset + channel * tensor.plane() * batch.n;
    const auto clear = [&](int64_t positions) {
        memset(at, 0, positions * batch.n);
        at += positions * batch.n;
    };
    if (tensor.width() == tensor.shape.width && tensor.plane() == int64_t(tensor.shape.height) * width) return;
    clear(tensor.top * width + tensor.left);
    for (int y = 0; y < tensor.shape.height; y++) {
        at += int64_t(tensor.shape.width) * batch.n;
        clear(y + 1 < tensor.shape.height ? tensor.right + tensor.left : tensor.right + tensor.bottom * width);
    }
}

}  // namespace
}  // namespace wrapnet
