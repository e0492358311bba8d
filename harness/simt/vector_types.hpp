// SPDX-License-Identifier: Apache-2.0
// CUDA's vector types for the emulator: the same names, members, alignments and make_ functions.
#pragma once

namespace lockstep::simt::dialect {

// Two and four components are aligned to their whole size (at most 16 bytes), because a device loads them in one
// instruction; the undefined-behaviour sanitizer then reports a misaligned reinterpret_cast.
#define LOCKSTEP_VECTOR_TYPES(name, element)                                              \
  struct name##1 {                                                                        \
    element x;                                                                            \
  };                                                                                      \
  struct alignas(2 * sizeof(element)) name##2 {                                           \
    element x, y;                                                                         \
  };                                                                                      \
  struct name##3 {                                                                        \
    element x, y, z;                                                                      \
  };                                                                                      \
  struct alignas(4 * sizeof(element) < 16 ? 4 * sizeof(element) : 16) name##4 {           \
    element x, y, z, w;                                                                   \
  };                                                                                      \
  constexpr name##1 make_##name##1(element x) { return {x}; }                             \
  constexpr name##2 make_##name##2(element x, element y) { return {x, y}; }               \
  constexpr name##3 make_##name##3(element x, element y, element z) { return {x, y, z}; } \
  constexpr name##4 make_##name##4(element x, element y, element z, element w) { return {x, y, z, w}; }

LOCKSTEP_VECTOR_TYPES(char, signed char)
LOCKSTEP_VECTOR_TYPES(uchar, unsigned char)
LOCKSTEP_VECTOR_TYPES(short, short)
LOCKSTEP_VECTOR_TYPES(ushort, unsigned short)
LOCKSTEP_VECTOR_TYPES(int, int)
LOCKSTEP_VECTOR_TYPES(uint, unsigned)
LOCKSTEP_VECTOR_TYPES(longlong, long long)
LOCKSTEP_VECTOR_TYPES(ulonglong, unsigned long long)
LOCKSTEP_VECTOR_TYPES(float, float)
LOCKSTEP_VECTOR_TYPES(double, double)
#undef LOCKSTEP_VECTOR_TYPES

struct dim3 {
  unsigned x, y, z;
  constexpr dim3(unsigned x_extent = 1, unsigned y_extent = 1, unsigned z_extent = 1)
      : x(x_extent), y(y_extent), z(z_extent) {}
  constexpr dim3(const uint3& extents) : x(extents.x), y(extents.y), z(extents.z) {}
  constexpr operator uint3() const { return {x, y, z}; }
};

}  // namespace lockstep::simt::dialect
