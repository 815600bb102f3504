// SPDX-License-Identifier: BSD-3-Clause
// How a layer's weights are written as digits, and which form of the kernel is the cheapest for its shape.
#pragma once

#include <cmath>

#include "grid.h"
#include "tables.h"

namespace wrapnet {
namespace {

// How the weights are written as digits.
struct Coding {
    Digits digits;
    int planes = 1;
    bool negative = false;  // the first plane counts negatively
};

inline std::vector<Coding> codings(const std::vector<int8_t>& weights) {
    const auto [least, most] = std::minmax_element(weights.begin(), weights.end());
    std::vector<Coding> found;
    if (std::all_of(weights.begin(), weights.end(), [](int8_t w) { return w == 1 || w == -1; }))
        return {{Digits::kSigns}};
    if (*least >= -1 && *most <= 1) found.push_back({Digits::kTernary});
    Coding bits{Digits::kBits, 1, *least < 0};
    while (*most >= 1 << (bits.planes - bits.negative) || *least < -(1 << (bits.planes - 1))) bits.planes++;
    found.push_back(bits);
    return found;
}

// The digit of a weight in a plane.
inline int digit(const Coding& coding, int weight, int plane) {
    switch (coding.digits) {
        case Digits::kSigns: return weight > 0;
        case Digits::kTernary: return weight + 1;
        default: return weight >> (coding.planes - 1 - plane) & 1;
    }
}

// Cycles on a Zen 4 core, by measurement; the ratios decide, and they differ little between machines.
constexpr double kCostEntry = 2.0;  // an entry of a table
constexpr double kCostAdd = 1.2;    // an addition of an entry
constexpr double kCostPass = 2.5;   // load and store of an accumulator
constexpr double kCostProduct = 8;  // a product by a weight other than -1, 0, 1

struct Choice {
    enum class Form {
        kDirect,  // a product for each weight: a few output channels only (depthwise)
        kFused,   // a table for each input and tap, used by one position: few input channels, or dense
        kByTap,   // a table for each input, used by all taps
    } form = Form::kDirect;
    Coding coding{Digits::kSigns};
    int inputs = 1;  // of a group
    double cost = INFINITY;
};

// Slots of a pass that fit the first-level cache and the instruction's table.
inline int slots_of_pass(const Coding& coding, int inputs) {
    return std::min(kMostSlots, kTableBytes / kBlockBytes / entries(coding.digits, inputs));
}

// The cheapest way, from the cycles that one group of the convolution takes for a block of lanes.
inline Choice choose(const Step& step, const Grid& grid) {
    const int64_t outputs = step.out.channels / step.groups, taps = step.window.taps();
    const double positions = double(step.out.height) * step.out.width;
    const double read = double(grid.plane) * std::min<int64_t>(grid.phases, taps);
    Choice best;
    best.cost = 0;
    for (int8_t w : step.weights) best.cost += w == 0 ? 0 : w == 1 || w == -1 ? kCostAdd : kCostProduct;
    best.cost = positions * (best.cost / step.groups + kCostPass * outputs);
    for (const Coding& coding : codings(step.weights))
        for (int inputs = 1; inputs <= (radix(coding.digits) == 3 ? kMostTernary : kMostInputs); inputs++)
            for (const auto form : {Choice::Form::kFused, Choice::Form::kByTap}) {
                const bool fused = form == Choice::Form::kFused;
                if (!fused && taps > kMostTaps) continue;
                const double groups = divide_up(fused ? step.inputs * taps : step.inputs, inputs);
                const double passes = std::ceil(groups / slots_of_pass(coding, inputs));
                const double built = (fused ? positions : read) * groups * entries(coding.digits, inputs);
                const double pass = groups * coding.planes * kCostAdd + passes * kCostPass;
                const double cost = built * kCostEntry + positions * (fused ? 1 : taps) * outputs * pass;
                if (cost < best.cost) best = {form, coding, inputs, cost};
            }
    return best;
}

}  // namespace
}  // namespace wrapnet
