// SPDX-License-Identifier: BSD-3-Clause
// What the machine can do at most: its frequency, additions of bytes a cycle, dot products a cycle.
#include <immintrin.h>

#include <chrono>
#include <cstdint>

namespace {

#ifdef __AVX512BW__
typedef uint8_t Vector __attribute__((vector_size(64)));
#else
typedef uint8_t Vector __attribute__((vector_size(32)));
#endif

double seconds() {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

constexpr int64_t kTurns = 1 << 18;
constexpr int kChains = 12;

alignas(64) Vector memory[kChains];

}  // namespace

extern "C" {

int cycles_vector_bytes() { return sizeof(Vector); }

// Cycles a second: dependent additions of a general register take one each.
double cycles_frequency() {
    uint64_t value = 1;
    const double start = seconds();
    for (int64_t i = 0; i < kTurns; i++)
        asm volatile(
            "add %0, %0\n\tadd %0, %0\n\tadd %0, %0\n\tadd %0, %0\n\t"
            "add %0, %0\n\tadd %0, %0\n\tadd %0, %0\n\tadd %0, %0"
            : "+r"(value));
    return 8 * kTurns / (seconds() - start);
}

// Vector additions of bytes a second, second operand in a register.
double cycles_adds() {
    Vector sum[kChains] = {}, one = {};
    const double start = seconds();
    for (int64_t i = 0; i < kTurns; i++)
        for (int c = 0; c < kChains; c++) {
            sum[c] += one;
            asm volatile("" : "+x"(sum[c]), "+x"(one));
        }
    return kChains * kTurns / (seconds() - start);
}

// The same with the second operand in the first-level cache: what adding an entry of a table is.
double cycles_loaded_adds() {
    Vector sum[kChains] = {};
    const double start = seconds();
    for (int64_t i = 0; i < kTurns; i++)
        for (int c = 0; c < kChains; c++) {
            sum[c] += *const_cast<volatile Vector*>(&memory[c]);
            asm volatile("" : "+x"(sum[c]));
        }
    return kChains * kTurns / (seconds() - start);
}

// Dot-product instructions a second: vpdpbusd, or vpmaddubsw with the vpmaddwd and vpaddd that widen its result.
double cycles_dots() {
#ifdef __AVX512VNNI__
    __m512i sum[kChains] = {}, x = _mm512_set1_epi8(1);
    const double start = seconds();
    for (int64_t i = 0; i < kTurns; i++)
        for (int c = 0; c < kChains; c++) asm volatile("vpdpbusd %1, %1, %0" : "+v"(sum[c]) : "v"(x));
#else
    __m256i sum[kChains] = {}, x = _mm256_set1_epi8(1), ones = _mm256_set1_epi16(1), product;
    const double start = seconds();
    for (int64_t i = 0; i < kTurns; i++)
        for (int c = 0; c < kChains; c++)
            asm volatile("vpmaddubsw %2, %2, %1\n\tvpmaddwd %3, %1, %1\n\tvpaddd %1, %0, %0"
                         : "+x"(sum[c]), "=&x"(product)
                         : "x"(x), "x"(ones));
#endif
    return kChains * kTurns / (seconds() - start);
}

}  // extern "C"
