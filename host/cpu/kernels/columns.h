// SPDX-License-Identifier: BSD-3-Clause
// Convolutions of few positions of few images, dense layers above all: lanes are output channels.
//
// Each level of the input times its column of weights is added to the sums of all output channels. Of signs, the sum of
// the levels with a plus is taken: twice it, less the sum of all levels, is the result.
#pragma once

#include "layer.h"

namespace wrapnet {
namespace {

template <class T> class Columns {
  public:
    static constexpr int kLanes = Block<T>::kLanes;
    static constexpr int kWide = 4;  // blocks of output channels at a time, in registers

    Columns() = default;

    // `offset`: from an output to what it reads, in positions, by [group][input][tap].
    Columns(const Step& step, std::vector<int64_t> offset) : offset_(std::move(offset)) {
        const int outputs = step.out.channels / step.groups;
        signs_ = std::all_of(step.weights.begin(), step.weights.end(), [](int8_t w) { return w == 1 || w == -1; });
        weights_in_byte_ = signs_ ? kMarksInByte : 1;
        inputs_ = step.inputs * step.window.taps();
        stride_ = divide_up(outputs, kBlockBytes) * kBlockBytes / weights_in_byte_;
        // The last column is read in whole rounds of blocks.
        weights_.resize(divide_up(step.groups * inputs_ * stride_, kBlockBytes) + kWide, zeros<uint8_t>());
        auto* column = reinterpret_cast<uint8_t*>(weights_.data());
        for (int g = 0; g < step.groups; g++)
            for (int64_t i = 0; i < inputs_; i++, column += stride_)
                for (int o = 0; o < outputs; o++) {
                    const int8_t w = step.weights[(int64_t(g) * outputs + o) * inputs_ + i];
                    if (!signs_) column[o] = uint8_t(w);
                    else if (kMarksInByte == 1) column[o] = w > 0 ? 0xff : 0;
                    else column[o / 8] |= (w > 0) << o % 8;
                }
    }

    int64_t bytes() const { return weights_.size() * kBlockBytes + offset_.size() * sizeof(int64_t); }

    // The sums of the output channels from `first`, a multiple of 64, of a group.
    void sum(const uint8_t* levels, int n, int group, int first, T (&sums)[kWide * kLanes]) const {
        const int64_t* offset = &offset_[group * inputs_];
        const auto* column = reinterpret_cast<const uint8_t*>(weights_.data()) + group * inputs_ * stride_ +
                             first / weights_in_byte_;
        Block<T> sum[kWide];
        for (Block<T>& s : sum) s = zeros<T>();
        if (signs_) {
            Block<T> whole = zeros<T>();
            for (int64_t i = 0; i < inputs_; i++, column += stride_) {
                const Block<T> level = all(T(levels[offset[i] * n]));
                whole = whole + level;
                for (int b = 0; b < kWide; b++) add_where(sum[b], column + b * kLanes / kMarksInByte, level);
            }
            for (Block<T>& s : sum) s = s + s - whole;
        } else {
            for (int64_t i = 0; i < inputs_; i++, column += stride_) {
                const T level = levels[offset[i] * n];
                for (int b = 0; b < kWide; b++)
                    sum[b] = sum[b] + load_weights<T>(reinterpret_cast<const int8_t*>(column) + b * kLanes) * level;
            }
        }
        memcpy(sums, sum, sizeof(sums));
    }

  private:
    std::vector<int64_t> offset_;
    bool signs_ = false;
    int weights_in_byte_ = 1;
    int64_t inputs_ = 0;  // of a group: channels and taps
    int64_t stride_ = 0;  // bytes of a column
    std::vector<Block<uint8_t>> weights_;  // [group][input][output]: int8, or marks of the plus signs
};

}  // namespace
}  // namespace wrapnet
