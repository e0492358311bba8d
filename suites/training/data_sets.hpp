// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>

#include "suites/training/job.hpp"

namespace lockstep {

/// The whole batch of a step; safe to call from several threads at once.
using BatchSource = std::function<Batch(std::int64_t step)>;

/// Random rows of a model's own shapes, a function of seed and step: normal inputs, or tokens that are all
/// as likely; targets that a fixed random linear map of the inputs gives (so that there is something to learn), or its
/// largest class. For the model `exact` small integers.
BatchSource synthetic_batches(const ModelDefinition& model, std::int64_t rows, DType dtype, std::uint64_t seed);

/// 28x28 grey images in ten classes, pixels in [0, 1].
class FashionMnist {
 public:
  /// Reads the training or the test part. Throws Error with the file's path where one is missing or corrupt, or where
  /// images and labels do not belong together.
  explicit FashionMnist(bool training_part);

  std::int64_t size() const { return images_; }
  /// The images and labels of the given numbers: x [n, 1, 28, 28], y i64 [n].
  Batch take(const std::vector<std::int64_t>& numbers, DType dtype) const;
  /// Batches of `rows` images without repetition within an epoch; each epoch in another order, a function of seed and
  /// epoch. The rest of an epoch that fills no batch is left out. Throws Error for more rows than images. Borrows this.
  BatchSource batches(std::int64_t rows, DType dtype, std::uint64_t seed) const;

 private:
  std::int64_t images_ = 0;
  std::vector<unsigned char> pixels_, labels_;
};

/// Fractions of the images whose largest output is their class, and the mean loss, in evaluation mode.
struct Evaluation {
  double accuracy = 0, loss = 0;
};
Evaluation evaluate(Model& model, Autograd& autograd, const FashionMnist& data, std::int64_t images, DType dtype);

}  // namespace lockstep
