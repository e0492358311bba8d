// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "kernels/shared/fast_division.cuh"
#include "kernels/shared/scalar.cuh"

// How kernels see a convolution: as a matrix whose element (position, tap) is one number of an image or a zero of its
// padding. A position is a place of a window, a tap one element of the window over all channels of a group. Where the
// number lies is a sum of one offset by position and one by tap, so that the second is a table made once, on the host.
namespace lockstep::LOCKSTEP_BACKEND {

/// One element of a window, relative to the window's first: elements of memory, and rows and columns of the image; and
/// where the weight of it lies relative to an output channel's first. One load of 16 bytes.
struct alignas(16) Tap {
  int image, row, column, weight;
};

/// Positions on a grid of rows and columns in every image, with the taps that windows have there. The gradient of x has
/// one lattice per phase of the stride: in each, all windows meet the same elements of the kernel.
struct Lattice {
  FastDivision per_image, per_row;                                     // positions
  int count = 0;                                                       // positions in all images
  int row_step = 1, column_step = 1, first_row = 0, first_column = 0;  // of windows in the image
  int first_tap = 0, taps = 0;
  int first_out = 0;  // offset of the first position's result
};

/// Memory of activations, in elements. Strides of results are from position to position of one lattice.
struct ImageStrides {
  int image = 0, channel = 0, row = 0, column = 0;
};

/// Position `i` of a lattice.
struct Position {
  int image, row, column;
  __device__ __forceinline__ Position(const Lattice& lattice, int i) {
    image = static_cast<int>(lattice.per_image.quotient(static_cast<unsigned>(i)));
    const int in_image = i - image * static_cast<int>(lattice.per_image.divisor());
    row = static_cast<int>(lattice.per_row.quotient(static_cast<unsigned>(in_image)));
    column = in_image - row * static_cast<int>(lattice.per_row.divisor());
  }
  __device__ __forceinline__ int offset(const ImageStrides& strides) const {
    return image * strides.image + row * strides.row + column * strides.column;
  }
};

/// The image that windows slide over, at the first channel of a group.
template <class Scalar>
struct WindowedImage {
  const Scalar* data;
  ImageStrides strides;
  int height, width;
};

/// First element of a window: may lie in the padding, outside the memory.
struct Window {
  int offset = 0, row = 0, column = 0;

  Window() = default;
  template <class Scalar>
  __device__ __forceinline__ Window(const Lattice& lattice, const WindowedImage<Scalar>& image, int i) {
    const Position at(lattice, i);
    row = at.row * lattice.row_step + lattice.first_row;
    column = at.column * lattice.column_step + lattice.first_column;
    offset = at.image * image.strides.image + row * image.strides.row + column * image.strides.column;
  }

  /// Whether the tap lies in the image, not in its padding.
  template <class Scalar>
  __device__ __forceinline__ bool meets(const WindowedImage<Scalar>& image, const Tap& tap) const {
    return static_cast<unsigned>(row + tap.row) < static_cast<unsigned>(image.height) &&
           static_cast<unsigned>(column + tap.column) < static_cast<unsigned>(image.width);
  }
  template <class Scalar>
  __device__ __forceinline__ Scalar read(const WindowedImage<Scalar>& image, const Tap& tap) const {
    return meets(image, tap) ? image.data[offset + tap.image] : from_float<Scalar>(0.0f);
  }
};

/// out[position, channel] = sum over taps of image[position, tap] * weight[channel, tap] (+ bias[channel]): the forward,
/// and the gradient of x, for which the image is g_y. For every group and every lattice.
template <class Scalar>
struct WindowProduct {
  WindowedImage<Scalar> image;
  const Scalar *weight, *bias;
  Scalar* out;
  const Tap* taps;
  const Lattice* lattices;
  ImageStrides out_strides;
  int lattice_count, groups, channels;  // results per group
  int most_positions;                   // of any lattice
  int image_group_stride, weight_group_stride, weight_channel_stride;
};

/// gradient[channel, tap] = sum over positions of g[position, channel] * image[position, tap], for every group.
template <class Scalar>
struct WeightGradient {
  WindowedImage<Scalar> image;
  const Scalar* g;
  Scalar* out;
  const Tap* taps;
  const Lattice* lattice;
  ImageStrides g_strides;
  int groups, channels;  // output channels per group
  int positions, window;
  int image_group_stride;
};

}  // namespace lockstep::LOCKSTEP_BACKEND
