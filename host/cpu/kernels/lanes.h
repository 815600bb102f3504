// SPDX-License-Identifier: BSD-3-Clause
// A block of 64 bytes, one cache line, as lanes of uint8, uint16 or uint32: the unit of all computation.
//
// Written with the vector extension of GCC and Clang. A block is one register on AVX-512, two on AVX2, four on SSE2
// and NEON, so all layouts are the same for every instruction set. All arithmetic is modulo the lane's width.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>
#ifdef __AVX512BW__
#include <immintrin.h>
#endif

namespace wrapnet {
namespace {

constexpr int kBlockBytes = 64;
#if defined(__AVX512BW__)
constexpr int kPartBytes = 64;
#elif defined(__AVX2__)
constexpr int kPartBytes = 32;
#else
constexpr int kPartBytes = 16;
#endif
constexpr int kParts = kBlockBytes / kPartBytes;

template <class T> struct Signed;
template <> struct Signed<uint8_t> { using Type = int8_t; };
template <> struct Signed<uint16_t> { using Type = int16_t; };
template <> struct Signed<uint32_t> { using Type = int32_t; };

template <class T> struct alignas(kBlockBytes) Block {
    typedef T Part __attribute__((vector_size(kPartBytes)));
    typedef typename Signed<T>::Type SignedPart __attribute__((vector_size(kPartBytes)));
    typedef uint8_t Bytes __attribute__((vector_size(kPartBytes / sizeof(T))));
    static constexpr int kLanes = kBlockBytes / sizeof(T);

    Part part[kParts];
};

// The compiler may neither reorder nor combine the sums before and after this: left alone, GCC turns a chain of
// additions into a tree and spills (1.5 instead of 1.2 cycles an addition, AVX2).
template <class Part> inline void keep_order(Part& value) {
#if defined(__x86_64__)
    asm("" : "+x"(value));
#elif defined(__aarch64__) || defined(__ARM_NEON)
    asm("" : "+w"(value));
#else
    (void)value;
#endif
}

template <class T> inline Block<T> all(T value) {
    Block<T> block;
    for (int i = 0; i < kParts; i++) block.part[i] = typename Block<T>::Part{} + value;
    return block;
}

template <class T> inline Block<T> zeros() { return all<T>(0); }

// `address` may be any, aligned or not.
template <class T> inline Block<T> load(const void* address) {
    Block<T> block;
    for (int i = 0; i < kParts; i++)
        memcpy(&block.part[i], static_cast<const char*>(address) + i * kPartBytes, kPartBytes);
    return block;
}

template <class T> inline void store(void* address, const Block<T>& block) {
    for (int i = 0; i < kParts; i++)
        memcpy(static_cast<char*>(address) + i * kPartBytes, &block.part[i], kPartBytes);
}

// One byte a lane, widened.
template <class T> inline Block<T> load_levels(const uint8_t* address) {
    if constexpr (sizeof(T) == 1) {
        return load<T>(address);
    } else {
        Block<T> block;
        for (int i = 0; i < kParts; i++) {
            typename Block<T>::Bytes bytes;
            memcpy(&bytes, address + i * sizeof(bytes), sizeof(bytes));
            block.part[i] = __builtin_convertvector(bytes, typename Block<T>::Part);
        }
        return block;
    }
}

// One signed byte a lane, widened.
template <class T> inline Block<T> load_weights(const int8_t* address) {
    Block<T> block;
    if constexpr (sizeof(T) == 1) {
        block = load<T>(address);
    } else {
        typedef int8_t Narrow __attribute__((vector_size(kPartBytes / sizeof(T))));
        for (int i = 0; i < kParts; i++) {
            Narrow bytes;
            memcpy(&bytes, address + i * sizeof(bytes), sizeof(bytes));
            block.part[i] = (typename Block<T>::Part)__builtin_convertvector(bytes, typename Block<T>::SignedPart);
        }
    }
    return block;
}

// sum += value in the lanes that `which` marks: by a bit each where the machine adds under a mask (an eighth of the
// memory to read), by a byte of ones elsewhere.
#ifdef __AVX512BW__
constexpr int kMarksInByte = 8;

template <class T> inline void add_where(Block<T>& sum, const uint8_t* which, const Block<T>& value) {
    const __m512i a = (__m512i)sum.part[0], b = (__m512i)value.part[0];
    std::conditional_t<sizeof(T) == 1, uint64_t, std::conditional_t<sizeof(T) == 2, uint32_t, uint16_t>> mask;
    memcpy(&mask, which, sizeof(mask));
    if constexpr (sizeof(T) == 1) sum.part[0] = (typename Block<T>::Part)_mm512_mask_add_epi8(a, mask, a, b);
    else if constexpr (sizeof(T) == 2) sum.part[0] = (typename Block<T>::Part)_mm512_mask_add_epi16(a, mask, a, b);
    else sum.part[0] = (typename Block<T>::Part)_mm512_mask_add_epi32(a, mask, a, b);
}
#else
constexpr int kMarksInByte = 1;

template <class T> inline void add_where(Block<T>& sum, const uint8_t* which, const Block<T>& value) {
    const Block<T> mask = load_weights<T>(reinterpret_cast<const int8_t*>(which));
    for (int i = 0; i < kParts; i++) sum.part[i] += value.part[i] & mask.part[i];
}
#endif

// The low byte of each lane.
template <class T> inline void store_levels(uint8_t* address, const Block<T>& block) {
    if constexpr (sizeof(T) == 1) {
        store(address, block);
    } else {
        for (int i = 0; i < kParts; i++) {
            typename Block<T>::Bytes bytes = __builtin_convertvector(block.part[i], typename Block<T>::Bytes);
            memcpy(address + i * sizeof(bytes), &bytes, sizeof(bytes));
        }
    }
}

template <class T> inline Block<T> larger(Block<T> a, const Block<T>& b) {
    for (int i = 0; i < kParts; i++) a.part[i] = a.part[i] > b.part[i] ? a.part[i] : b.part[i];
    return a;
}

template <class T> inline Block<T> operator+(Block<T> a, const Block<T>& b) {
    for (int i = 0; i < kParts; i++) a.part[i] += b.part[i];
    return a;
}

template <class T> inline Block<T> operator-(Block<T> a, const Block<T>& b) {
    for (int i = 0; i < kParts; i++) a.part[i] -= b.part[i];
    return a;
}

template <class T> inline Block<T> operator*(Block<T> a, T b) {
    for (int i = 0; i < kParts; i++) a.part[i] *= b;
    return a;
}

constexpr int kSquare = 8;

// Transposes each of the eight squares of 8 x 8 bytes that lie side by side: a word of a row is a row of its square.
inline void transpose_squares(uint8_t (&rows)[kSquare][kBlockBytes]) {
    typedef uint64_t Words __attribute__((vector_size(kPartBytes)));
    constexpr uint64_t kLow[] = {0x00ff00ff00ff00ff, 0x0000ffff0000ffff, 0, 0x00000000ffffffff};
    for (int part = 0; part < kBlockBytes; part += kPartBytes) {
        Words row[kSquare];
        for (int r = 0; r < kSquare; r++) memcpy(&row[r], rows[r] + part, kPartBytes);
        for (int size = kSquare / 2; size; size /= 2)
            for (int r = 0; r < kSquare; r++) {
                if (r & size) continue;
                // The upper columns of one row and the lower columns of the other change places.
                const Words change = (row[r] >> 8 * size ^ row[r + size]) & kLow[size - 1];
                row[r + size] ^= change;
                row[r] ^= change << 8 * size;
            }
        for (int r = 0; r < kSquare; r++) memcpy(rows[r] + part, &row[r], kPartBytes);
    }
}

}  // namespace
}  // namespace wrapnet
