// SPDX-License-Identifier: Apache-2.0
#include "suites/training/data_sets.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

#include "harness/data/error.hpp"
#include "harness/data/random.hpp"
#include "reference/models/exact_model.hpp"
#include "suites/drivers/idx_file.hpp"

namespace lockstep {
namespace {

constexpr std::int64_t kSide = 28, kPixels = kSide * kSide;

double normal(RandomStream& random) {
  const double radius = std::sqrt(-2.0 * std::log(1.0 - random.uniform()));
  return radius * std::cos(2.0 * std::numbers::pi * random.uniform());
}

/// Entry (input, output) of the map that gives the targets: fixed signs.
double map_entry(std::uint64_t seed, std::int64_t input, std::int64_t output) {
  const std::uint64_t hash =
      mix64(mix64(seed + static_cast<std::uint64_t>(input)) + static_cast<std::uint64_t>(output));
  return (hash & 1) != 0 ? 1.0 : -1.0;
}

Batch exact_batch(std::int64_t rows, DType dtype, std::uint64_t seed, std::int64_t step) {
  const std::uint64_t stream = mix64(seed + static_cast<std::uint64_t>(step));
  return {small_integers(dtype, stream, "x", {rows, 8}, 1), small_integers(dtype, stream, "target", {rows, 4}, 4)};
}

Batch random_batch(const ModelDefinition& model, std::int64_t rows, DType dtype, std::uint64_t seed,
                   std::int64_t step) {
  const std::int64_t inputs = element_count(model.row_shape);
  const std::int64_t outputs = model.classes > 0 ? model.classes : element_count(model.target_shape);
  Shape x_shape = model.row_shape, y_shape = model.target_shape;
  x_shape.insert(x_shape.begin(), rows);
  y_shape.insert(y_shape.begin(), rows);
  const bool has_tokens = model.vocabulary > 0;
  Batch batch{Values(has_tokens ? DType::i64 : dtype, x_shape),
              Values(model.classes > 0 ? DType::i64 : dtype, y_shape)};
  RandomStream random(mix64(seed) + static_cast<std::uint64_t>(step));
  // A target that looks at a few inputs can be learned, and costs little for large ones.
  const std::int64_t looked_at = std::min<std::int64_t>(inputs, 16);
  for (std::int64_t row = 0; row < rows; ++row) {
    for (std::int64_t i = 0; i < inputs; ++i)
      batch.x.set(row * inputs + i, has_tokens ? static_cast<double>(random.below(model.vocabulary)) : normal(random));
    // Token numbers are spread over (-1, 1).
    const auto seen = [&](std::int64_t i) {
      const double x = batch.x[row * inputs + i];
      return has_tokens ? (2.0 * x + 1.0) / static_cast<double>(model.vocabulary) - 1.0 : x;
    };
    std::int64_t best = 0;
    double most = -1e300;
    for (std::int64_t o = 0; o < outputs; ++o) {
      double sum = 0;
      for (std::int64_t i = 0; i < looked_at; ++i) sum += map_entry(seed, i, o) * seen(i);
      if (model.classes == 0) batch.y.set(row * outputs + o, sum / static_cast<double>(looked_at));
      if (sum > most) {
        most = sum;
        best = o;
      }
    }
    if (model.classes > 0) batch.y.set(row, static_cast<double>(best));
  }
  return batch;
}

}  // namespace

BatchSource synthetic_batches(const ModelDefinition& model, std::int64_t rows, DType dtype, std::uint64_t seed) {
  if (rows < 1) throw Error("batches of " + std::to_string(rows) + " rows; accepted: at least 1");
  if (model.name == "exact") return [=](std::int64_t step) { return exact_batch(rows, dtype, seed, step); };
  return [=](std::int64_t step) { return random_batch(model, rows, dtype, seed, step); };
}

FashionMnist::FashionMnist(bool training_part) {
  const std::string part = fashion_mnist_folder() + (training_part ? "/train" : "/t10k");
  const std::string image_path = part + "-images-idx3-ubyte.gz", label_path = part + "-labels-idx1-ubyte.gz";
  IdxFile images = read_idx(image_path, 3), labels = read_idx(label_path, 1);
  if (images.extents[1] != kSide || images.extents[2] != kSide)
    throw Error(image_path + ": images of " + std::to_string(images.extents[1]) + "x" +
                std::to_string(images.extents[2]) + "; accepted: 28x28");
  if (labels.extents[0] != images.extents[0])
    throw Error(label_path + ": " + std::to_string(labels.extents[0]) + " labels for " +
                std::to_string(images.extents[0]) + " images");
  if (std::any_of(labels.bytes.begin(), labels.bytes.end(), [](unsigned char label) { return label > 9; }))
    throw Error(label_path + ": holds a class above 9");
  images_ = images.extents[0];
  pixels_ = std::move(images.bytes);
  labels_ = std::move(labels.bytes);
}

Batch FashionMnist::take(const std::vector<std::int64_t>& numbers, DType dtype) const {
  const auto rows = static_cast<std::int64_t>(numbers.size());
  Batch batch{Values(dtype, {rows, 1, kSide, kSide}), Values(DType::i64, {rows})};
  for (std::int64_t row = 0; row < rows; ++row) {
    const std::int64_t image = numbers[static_cast<std::size_t>(row)];
    const unsigned char* from = pixels_.data() + image * kPixels;
    for (std::int64_t i = 0; i < kPixels; ++i) batch.x.set(row * kPixels + i, from[i] / 255.0);
    batch.y.set(row, labels_[static_cast<std::size_t>(image)]);
  }
  return batch;
}

BatchSource FashionMnist::batches(std::int64_t rows, DType dtype, std::uint64_t seed) const {
  if (rows < 1 || rows > images_)
    throw Error("batches of " + std::to_string(rows) + " images; accepted: 1 to " + std::to_string(images_));
  return [this, rows, dtype, seed](std::int64_t step) {
    const std::int64_t per_epoch = images_ / rows, epoch = step / per_epoch, first = step % per_epoch * rows;
    // The order of an epoch by a keyed sort would cost the whole data set per batch: a walk with a stride that shares no
    // factor with the number of images visits every image once.
    RandomStream random(mix64(seed) + static_cast<std::uint64_t>(epoch));
    std::int64_t stride = 0;
    do stride = 1 + random.below(images_ - 1);
    while (std::gcd(stride, images_) != 1);
    const std::int64_t start = random.below(images_);
    std::vector<std::int64_t> numbers;
    for (std::int64_t i = 0; i < rows; ++i) numbers.push_back((start + (first + i) * stride) % images_);
    return take(numbers, dtype);
  };
}

Evaluation evaluate(Model& model, Autograd& autograd, const FashionMnist& data, std::int64_t images, DType dtype) {
  constexpr std::int64_t kRows = 250;
  const NoGradient scope(autograd);
  model.evaluate();
  Evaluation result;
  const std::int64_t count = std::min(images, data.size());
  for (std::int64_t begin = 0; begin < count; begin += kRows) {
    std::vector<std::int64_t> numbers(static_cast<std::size_t>(std::min(kRows, count - begin)));
    std::iota(numbers.begin(), numbers.end(), begin);
    const Batch batch = data.take(numbers, dtype);
    const Variable output = model(autograd, Variable(batch.x));
    const std::int64_t classes = output.shape()[1];
    for (std::int64_t row = 0; row < batch.rows(); ++row) {
      std::int64_t best = 0;
      for (std::int64_t c = 1; c < classes; ++c)
        if (output.value()[row * classes + c] > output.value()[row * classes + best]) best = c;
      result.accuracy += best == static_cast<std::int64_t>(batch.y[row]) ? 1.0 : 0.0;
    }
    result.loss += model.loss(autograd, output, Variable(batch.y)).value()[0] * static_cast<double>(batch.rows());
  }
  model.train();
  result.accuracy /= static_cast<double>(count);
  result.loss /= static_cast<double>(count);
  return result;
}

}  // namespace lockstep
