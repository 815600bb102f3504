// SPDX-License-Identifier: BSD-3-Clause
// The C interface of the engine (host/cpu/library.py binds it).
#include "network.h"

#define WRAPNET_EXPORT extern "C" __attribute__((visibility("default")))

using wrapnet::Network;

// Makes a network of a program (plan.h); lanes 8, 16 or 32 bits at least. Null, and why in `error`, if it is invalid.
WRAPNET_EXPORT void* wrapnet_create(const void* program, uint64_t bytes, int lanes, int threads, char* error,
                                    uint64_t error_bytes) {
    std::string message;
    try {
        wrapnet::require(lanes == 8 || lanes == 16 || lanes == 32, "lanes are neither 8 nor 16 nor 32 bits");
        wrapnet::require(1 <= threads && threads <= 1024, "threads are not 1..1024");
        return new Network(wrapnet::read_plan(program, bytes), lanes, threads);
    } catch (const std::bad_alloc&) {
        message = "not enough memory";
    } catch (const std::exception& exception) {
        message = exception.what();
    }
    if (error_bytes) {
        strncpy(error, message.c_str(), error_bytes - 1);
        error[error_bytes - 1] = 0;
    }
    return nullptr;
}

// Images [n][height][width][channels] to out [n][outputs]. `taps` is null, or an array for each convolution (or null
// instead) that takes its wrapped accumulators, [n][channels][height][width].
WRAPNET_EXPORT void wrapnet_run(void* network, const uint8_t* images, int64_t n, int32_t* out, int32_t* const* taps) {
    static_cast<Network*>(network)->run(images, n, out, taps);
}

// The least seconds that a step takes for n <= 64 images.
WRAPNET_EXPORT double wrapnet_time(void* network, int step, int n, int repeats) {
    return static_cast<Network*>(network)->time(step, n, repeats);
}

WRAPNET_EXPORT int64_t wrapnet_memory(const void* network) { return static_cast<const Network*>(network)->memory(); }

WRAPNET_EXPORT void wrapnet_destroy(void* network) { delete static_cast<Network*>(network); }
