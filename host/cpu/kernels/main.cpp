// SPDX-License-Identifier: BSD-3-Clause
// The engine without Python: PROGRAM IMAGES N LANES THREADS; writes the outputs, and each convolution's accumulators,
// as int32 to standard output. For machines and builds on which the library cannot be loaded into a Python.
#include <cstdio>
#include <fstream>
#include <iostream>
#include <iterator>

#include "network.h"

static std::vector<char> read(const char* path) {
    std::ifstream file(path, std::ios::binary);
    wrapnet::require(file.good(), std::string("cannot read ") + path);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

int main(int count, char** arguments) {
    try {
        wrapnet::require(count == 6, "expected PROGRAM IMAGES N LANES THREADS");
        const std::vector<char> program = read(arguments[1]), images = read(arguments[2]);
        const wrapnet::Plan plan = wrapnet::read_plan(program.data(), program.size());
        const int64_t n = std::atoll(arguments[3]);
        wrapnet::require(n >= 1 && int64_t(images.size()) == n * plan.tensors[0].size(), "the images are not n");
        wrapnet::Network network(plan, std::atoi(arguments[4]), std::atoi(arguments[5]));
        std::vector<int32_t> out(n * plan.outputs());
        std::vector<std::vector<int32_t>> taps;
        std::vector<int32_t*> pointers;
        for (const wrapnet::Step& step : plan.steps)
            if (step.kind == wrapnet::Kind::kConv) taps.emplace_back(n * step.out.size());
        for (auto& tap : taps) pointers.push_back(tap.data());
        const auto* pixels = reinterpret_cast<const uint8_t*>(images.data());
        network.run(pixels, n, out.data(), nullptr);
        fwrite(out.data(), sizeof(int32_t), out.size(), stdout);
        network.run(pixels, n, out.data(), pointers.data());
        for (const auto& tap : taps) fwrite(tap.data(), sizeof(int32_t), tap.size(), stdout);
    } catch (const std::exception& exception) {
        std::cerr << exception.what() << '\n';
        return 2;
    }
}
