// SPDX-License-Identifier: Apache-2.0
#include "suites/drivers/images.hpp"

#include <zlib.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <vector>

#include "harness/data/error.hpp"
#include "harness/data/fill.hpp"
#include "harness/data/random.hpp"

namespace lockstep {
namespace {

constexpr std::int64_t kPixels = 28 * 28;
constexpr std::int64_t kHeaderBytes = 16;  // IDX3: magic 2051, count, rows, columns, each 4 bytes, big endian

std::string image_file() {
  const char* folder = std::getenv("LOCKSTEP_FASHION_MNIST");
  return std::string(folder ? folder : "/usr/share/datasets/fashion-mnist") + "/t10k-images-idx3-ubyte.gz";
}

std::uint32_t big_endian(const unsigned char* bytes) {
  return (std::uint32_t{bytes[0]} << 24) | (std::uint32_t{bytes[1]} << 16) | (std::uint32_t{bytes[2]} << 8) | bytes[3];
}

std::vector<unsigned char> read_images() {
  const std::string path = image_file();
  const std::unique_ptr<gzFile_s, int (*)(gzFile)> file(gzopen(path.c_str(), "rb"), gzclose);
  if (!file) throw Error(path + ": cannot be opened; Debian's package dataset-fashion-mnist holds it");
  unsigned char header[kHeaderBytes];
  if (gzread(file.get(), header, kHeaderBytes) != kHeaderBytes || big_endian(header) != 2051 ||
      big_endian(header + 8) != 28 || big_endian(header + 12) != 28)
    throw Error(path + ": not an IDX file of 28x28 images");
  std::vector<unsigned char> pixels(static_cast<std::size_t>(big_endian(header + 4)) * kPixels);
  if (pixels.empty() || pixels.size() > (1u << 30)) throw Error(path + ": an implausible number of images");
  const int got = gzread(file.get(), pixels.data(), static_cast<unsigned>(pixels.size()));
  if (got < 0 || static_cast<std::size_t>(got) != pixels.size()) throw Error(path + ": truncated or corrupt");
  return pixels;
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
