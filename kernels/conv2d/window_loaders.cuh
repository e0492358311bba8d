// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "kernels/conv2d/windows.cuh"

// Bring slices of a convolution's operands from memory through registers to shared memory, for multiply_slices of
// kernels/shared/tiled_gemm.cuh. Of an operand's two axes (the tile's own, called lines, and k) the one whose numbers
// are neighbours in memory lies along the lanes, so that reads coalesce: pixels of a row, or channels of a pixel.
namespace lockstep::LOCKSTEP_BACKEND {

/// How 256 threads share a slice: each owns one place along the lanes' axis and kPasses places, kStep apart, along the
/// other.
template <int kTile, int kTileK, bool kAlongK>
struct SliceShare {
  static constexpr int kLanes = kAlongK ? kTileK : kTile, kStep = 256 / kLanes, kPasses = kTile * kTileK / 256;
  static_assert(256 % kLanes == 0 && kPasses >= 1 && kPasses * kStep == (kAlongK ? kTile : kTileK));
  /// Distance between rows of k in shared memory: the 4 beyond the tile spread a transposed store over the banks.
  static constexpr int kSharedPitch = kTile + 4;

  static __device__ __forceinline__ int lane() { return static_cast<int>(threadIdx.x) % kLanes; }
  static __device__ __forceinline__ int first() { return static_cast<int>(threadIdx.x) / kLanes; }
  static __device__ __forceinline__ int line(int pass) { return kAlongK ? first() + pass * kStep : lane(); }
  static __device__ __forceinline__ int k(int pass) { return kAlongK ? lane() : first() + pass * kStep; }

  template <class Scalar>
  static __device__ __forceinline__ void store(const Scalar (&values)[kPasses], float* slice) {
#pragma unroll
    for (int pass = 0; pass < kPasses; ++pass) slice[k(pass) * kSharedPitch + line(pass)] = to_float(values[pass]);
  }
};

/// Lines are positions, k runs over taps.
template <class Scalar, int kTile, int kTileK, bool kAlongK>
class WindowSlices {
  using Share = SliceShare<kTile, kTileK, kAlongK>;
  static constexpr int kWindows = kAlongK ? Share::kPasses : 1;

 public:
  static constexpr int kSharedPitch = Share::kSharedPitch;

  __device__ __forceinline__ WindowSlices(const WindowedImage<Scalar>& image, const Lattice& lattice, const Tap* taps,
                                          int first_line, int k_begin, int k_end)
      : image_(image), taps_(taps), k_(k_begin), k_end_(k_end) {
#pragma unroll
    for (int i = 0; i < kWindows; ++i) {
      const int line = first_line + Share::line(i);
      inside_[i] = line < lattice.count;
      if (inside_[i]) windows_[i] = Window(lattice, image, line);
    }
  }
  __device__ __forceinline__ void load() {
    Tap tap{};
    if (kAlongK && k_ + Share::k(0) < k_end_) tap = taps_[k_ + Share::k(0)];
#pragma unroll
    for (int pass = 0; pass < Share::kPasses; ++pass) {
      const int k = k_ + Share::k(pass), window = kAlongK ? pass : 0;
      values_[pass] = from_float<Scalar>(0.0f);
      if (k >= k_end_ || !inside_[window]) continue;
      if (!kAlongK) tap = taps_[k];
      values_[pass] = windows_[window].read(image_, tap);
    }
    k_ += kTileK;
  }
  __device__ __forceinline__ void store(float* slice) const { Share::store(values_, slice); }

 private:
  WindowedImage<Scalar> image_;
  const Tap* taps_;
  int k_, k_end_;
  Window windows_[kWindows];
  bool inside_[kWindows] = {};
  Scalar values_[Share::kPasses];
};

/// Lines are channels of the result, k runs over taps: the weight, wherever the taps say that it lies.
template <class Scalar, int kTile, int kTileK, bool kAlongK>
class WeightSlices {
  using Share = SliceShare<kTile, kTileK, kAlongK>;

 public:
  static constexpr int kSharedPitch = Share::kSharedPitch;

  __device__ __forceinline__ WeightSlices(const Scalar* weight, int channel_stride, const Tap* taps, int first_line,
                                          int lines, int k_begin, int k_end)
      : weight_(weight + static_cast<std::int64_t>(first_line) * channel_stride),
        taps_(taps),
        channel_stride_(channel_stride),
        lines_left_(lines - first_line),
        k_(k_begin),
        k_end_(k_end) {}
  __device__ __forceinline__ void load() {
    int place = 0;
    if (kAlongK && k_ + Share::k(0) < k_end_) place = taps_[k_ + Share::k(0)].weight;
#pragma unroll
    for (int pass = 0; pass < Share::kPasses; ++pass) {
      const int k = k_ + Share::k(pass), line = Share::line(pass);
      values_[pass] = from_float<Scalar>(0.0f);
      if (k >= k_end_ || line >= lines_left_) continue;
      if (!kAlongK) place = taps_[k].weight;
      values_[pass] = weight_[line * channel_stride_ + place];
    }
    k_ += kTileK;
  }
  __device__ __forceinline__ void store(float* slice) const { Share::store(values_, slice); }

 private:
  const Scalar* weight_;
  const Tap* taps_;
  int channel_stride_, lines_left_, k_, k_end_;
  Scalar values_[Share::kPasses];
};

/// Lines are taps, k runs over positions.
template <class Scalar, int kTile, int kTileK, bool kAlongK>
class TapSlices {
  using Share = SliceShare<kTile, kTileK, kAlongK>;
  static constexpr int kTaps = kAlongK ? Share::kPasses : 1;

 public:
  static constexpr int kSharedPitch = Share::kSharedPitch;

  __device__ __forceinline__ TapSlices(const WindowedImage<Scalar>& image, const Lattice* lattice, const Tap* taps,
                                       int first_line, int lines, int k_begin, int k_end)
      : image_(image), lattice_(lattice), k_(k_begin), k_end_(k_end) {
#pragma unroll
    for (int i = 0; i < kTaps; ++i) {
      const int line = first_line + Share::line(i);
      inside_[i] = line < lines;
      if (inside_[i]) taps_[i] = taps[line];
    }
  }
  __device__ __forceinline__ void load() {
    Window window;
    if (kAlongK && k_ + Share::k(0) < k_end_) window = Window(*lattice_, image_, k_ + Share::k(0));
#pragma unroll
    for (int pass = 0; pass < Share::kPasses; ++pass) {
      const int k = k_ + Share::k(pass), tap = kAlongK ? pass : 0;
      values_[pass] = from_float<Scalar>(0.0f);
      if (k >= k_end_ || !inside_[tap]) continue;
      if (!kAlongK) window = Window(*lattice_, image_, k);
      values_[pass] = window.read(image_, taps_[tap]);
    }
    k_ += kTileK;
  }
  __device__ __forceinline__ void store(float* slice) const { Share::store(values_, slice); }

 private:
  WindowedImage<Scalar> image_;
  const Lattice* lattice_;
  int k_, k_end_;
  Tap taps_[kTaps] = {};
  bool inside_[kTaps] = {};
  Scalar values_[Share::kPasses];
};

/// Lines are channels, k runs over positions: the gradient of y.
template <class Scalar, int kTile, int kTileK, bool kAlongK>
class GradientSlices {
  using Share = SliceShare<kTile, kTileK, kAlongK>;

 public:
  static constexpr int kSharedPitch = Share::kSharedPitch;

  __device__ __forceinline__ GradientSlices(const Scalar* g, const ImageStrides& strides, const Lattice* lattice,
                                            int first_line, int lines, int k_begin, int k_end)
      : g_(g + static_cast<std::int64_t>(first_line) * strides.channel),
        strides_(strides),
        lattice_(lattice),
        lines_left_(lines - first_line),
        k_(k_begin),
        k_end_(k_end) {}
  __device__ __forceinline__ void load() {
    int place = 0;
    if (kAlongK && k_ + Share::k(0) < k_end_) place = Position(*lattice_, k_ + Share::k(0)).offset(strides_);
#pragma unroll
    for (int pass = 0; pass < Share::kPasses; ++pass) {
      const int k = k_ + Share::k(pass), line = Share::line(pass);
      values_[pass] = from_float<Scalar>(0.0f);
      if (k >= k_end_ || line >= lines_left_) continue;
      if (!kAlongK) place = Position(*lattice_, k).offset(strides_);
      values_[pass] = g_[line * strides_.channel + place];
    }
    k_ += kTileK;
  }
  __device__ __forceinline__ void store(float* slice) const { Share::store(values_, slice); }

 private:
  const Scalar* g_;
  ImageStrides strides_;
  const Lattice* lattice_;
  int lines_left_, k_, k_end_;
  Scalar values_[Share::kPasses];
};

}  // namespace lockstep::LOCKSTEP_BACKEND
