// SPDX-License-Identifier: Apache-2.0
#include "suites/drivers/images.hpp"

#include <filesystem>
#include <utility>
#include <vector>

#include "harness/data/error.hpp"
#include "harness/data/fill.hpp"
#include "harness/data/random.hpp"
#include "suites/drivers/idx_file.hpp"

namespace lockstep {
namespace {

constexpr std::int64_t kPixels = 28 * 28;

std::string image_file() { return fashion_mnist_folder() + "/t10k-images-idx3-ubyte.gz"; }

std::vector<unsigned char> read_images() {
  IdxFile file = read_idx(image_file(), 3);
  if (file.extents[1] != 28 || file.extents[2] != 28) throw Error(image_file() + ": not a file of 28x28 images");
  return std::move(file.bytes);
}

/// Consecutive images from a random one on, as a loader's batch is.
void draw_images(float* out, std::int64_t count, std::uint64_t seed) {
  static const std::vector<unsigned char> pixels = read_images();
  const auto images = static_cast<std::int64_t>(pixels.size()) / kPixels;
  std::int64_t at = RandomStream(seed).below(images) * kPixels;
  for (std::int64_t i = 0; i < count; ++i, ++at) {
    if (at == static_cast<std::int64_t>(pixels.size())) at = 0;
    out[i] = static_cast<float>(pixels[static_cast<std::size_t>(at)]) / 255.0f;
  }
}

}  // namespace

void offer_fashion_mnist() { set_image_source(draw_images); }

std::string images_unavailable() {
  const std::string path = image_file();
  return std::filesystem::exists(path) ? "" : path + " does not exist (Debian: dataset-fashion-mnist)";
}

}  // namespace lockstep
