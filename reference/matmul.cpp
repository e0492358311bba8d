// SPDX-License-Identifier: Apache-2.0
#include "reference/matmul.hpp"

#include <algorithm>
#include <cmath>

#include "harness/data/error.hpp"
#include "harness/numerics/exact_dot.hpp"
#include "harness/plan/formula_operator.hpp"
#include "reference/broadcast.hpp"
#include "reference/operators.hpp"

namespace lockstep {
namespace {

std::string by(std::int64_t rows, std::int64_t columns) { return std::to_string(rows) + "x" + std::to_string(columns); }

Shape batch_of(const Shape& shape) { return shape.size() > 2 ? Shape(shape.begin(), shape.end() - 2) : Shape{}; }

/// PyTorch folds batches into rows where the other factor has none, and its message tells of the folded matrices: of the
/// transposed ones where it is b that has batches.
void check_inner_extents(const Matmul& op, std::int64_t of_a, std::int64_t of_b) {
  if (of_a == of_b) return;
  const std::size_t a_axes = op.a.size(), b_axes = op.b.size();
  const std::string given = std::to_string(of_a), wanted = std::to_string(of_b);
  if (a_axes > 2 && b_axes > 2)
    throw Refused("Expected size for first two dimensions of batch2 tensor to be: " + to_text({op.batches(), of_a}) +
                  " but got: " + to_text({op.batches(), of_b}) + ".");
  if (a_axes == 1 && b_axes == 1)
    throw Refused("inconsistent tensor size, expected tensor [" + given + "] and src [" + wanted +
                  "] to have the same number of elements, but got " + given + " and " + wanted +
                  " elements respectively");
  const std::int64_t a_rows = op.batches() * op.m, b_columns = op.batches() * op.n;
  if (b_axes == 1)
    throw Refused("size mismatch, got " + std::to_string(a_rows) + ", " + by(a_rows, of_a) + "," + wanted);
  if (b_axes == 2)
    throw Refused("mat1 and mat2 shapes cannot be multiplied (" + by(a_rows, of_a) + " and " + by(of_b, op.n) + ")");
  if (a_axes == 1)
    throw Refused("size mismatch, got " + std::to_string(b_columns) + ", " + by(b_columns, of_b) + "," + given);
  throw Refused("mat1 and mat2 shapes cannot be multiplied (" + by(b_columns, of_b) + " and " + by(of_a, op.m) + ")");
}

}  // namespace

Matmul::Matmul(const Problem& problem) : a(problem.shape("a")), b(problem.shape("b")) {
  if (a.empty() || b.empty())
    throw Refused("both arguments to matmul need to be at least 1D, but they are " + std::to_string(a.size()) +
                  "D and " + std::to_string(b.size()) + "D");
  a_batch = batch_of(a);
  b_batch = batch_of(b);
  batch = broadcast_shape(a_batch, b_batch);
  if (a.size() > 1) m = a[a.size() - 2];
  if (b.size() > 1) n = b.back();
  k = a.back();
  check_inner_extents(*this, k, b.size() > 1 ? b[b.size() - 2] : b[0]);
  y = batch;
  if (a.size() > 1) y.push_back(m);
  if (b.size() > 1) y.push_back(n);
}

namespace {

/// Which matrix of a and of b a batch multiplies, and which batches share a matrix.
class Batches {
 public:
  explicit Batches(const Matmul& op)
      : batch_(op.batch),
        a_strides_(broadcast_strides(op.a_batch, op.batch)),
        b_strides_(broadcast_strides(op.b_batch, op.batch)),
        of_a_(op.a_batch, op.batch),
        of_b_(op.b_batch, op.batch) {}

  std::int64_t a_matrix(std::int64_t z) const { return offset_of(z, batch_, a_strides_); }
  std::int64_t b_matrix(std::int64_t z) const { return offset_of(z, batch_, b_strides_); }
  const BroadcastCopies& of_a() const { return of_a_; }
  const BroadcastCopies& of_b() const { return of_b_; }

 private:
  Shape batch_;
  Strides a_strides_, b_strides_;
  BroadcastCopies of_a_, of_b_;
};

template <class T>
class Forward {
 public:
  Forward(const Problem& problem, const Operands<T>& in)
      : op_(problem),
        batches_(op_),
        a_(in[0], op_.m, op_.k, LineAxis::rows, op_.a_matrices()),
        b_(in[1], op_.k, op_.n, LineAxis::columns, op_.b_matrices()) {}

  T element(std::size_t, std::int64_t index) const {
    const std::int64_t z = index / (op_.m * op_.n), i = index / op_.n % op_.m, j = index % op_.n;
    return dot(a_, batches_.a_matrix(z) * op_.m + i, b_, batches_.b_matrix(z) * op_.n + j);
  }

 private:
  Matmul op_;
  Batches batches_;
  Lines<T> a_, b_;
};

/// Outputs: d_a, d_b.
template <class T>
class Backward {
 public:
  Backward(const Problem& problem, const Operands<T>& in)
      : op_(problem),
        batches_(op_),
        a_columns_(in[0], op_.m, op_.k, LineAxis::columns, op_.a_matrices()),
        b_rows_(in[1], op_.k, op_.n, LineAxis::rows, op_.b_matrices()),
        g_rows_(in[2], op_.m, op_.n, LineAxis::rows, op_.batches()),
        g_columns_(in[2], op_.m, op_.n, LineAxis::columns, op_.batches()) {}

  T element(std::size_t output, std::int64_t index) const {
    return output == 0 ? d_a(index / (op_.m * op_.k), index / op_.k % op_.m, index % op_.k)
                       : d_b(index / (op_.k * op_.n), index / op_.n % op_.k, index % op_.n);
  }

 private:
  using Pair = std::pair<std::int64_t, std::int64_t>;

  T d_a(std::int64_t matrix, std::int64_t i, std::int64_t p) const {
    const std::int64_t first = batches_.of_a().first(matrix);
    return dot_of_pairs(g_rows_, b_rows_, batches_.of_a().count(), [&](std::int64_t copy) {
      const std::int64_t z = first + batches_.of_a().distance(copy);
      return Pair{z * op_.m + i, batches_.b_matrix(z) * op_.k + p};
    });
  }
  T d_b(std::int64_t matrix, std::int64_t p, std::int64_t j) const {
    const std::int64_t first = batches_.of_b().first(matrix);
    return dot_of_pairs(a_columns_, g_columns_, batches_.of_b().count(), [&](std::int64_t copy) {
      const std::int64_t z = first + batches_.of_b().distance(copy);
      return Pair{batches_.a_matrix(z) * op_.k + p, z * op_.n + j};
    });
  }

  Matmul op_;
  Batches batches_;
  Lines<T> a_columns_, b_rows_, g_rows_, g_columns_;
};

/// Whether any sum of `terms` products of the integers that Fill::exact draws is exact in float in every order.
bool sums_are_exact(std::int64_t terms, std::int64_t limit) { return terms * limit * limit < (std::int64_t{1} << 24); }

class MatmulOperator final : public FormulaOperator<Forward, Backward> {
 public:
  std::string_view name() const override { return "matmul"; }

  Signature signature(const Problem& problem) const override {
    const Matmul op(problem);
    const DType dtype = problem.dtype;
    const FillRange activation{.moves_with_offset = true, .takes_special = true};
    // y stays of the order of a in float16.
    const FillRange second{.deviation = 1.0 / std::sqrt(static_cast<double>(std::max<std::int64_t>(op.k, 1))),
                           .adversarial_limit = 4.0};
    const std::int64_t limit = activation.exact_limit;
    Signature s;
    s.inputs.push_back({"a", Role::input, dtype, op.a, activation, true});
    s.inputs.push_back({"b", Role::input, dtype, op.b, second, true});
    if (problem.direction == Direction::forward) {
      s.outputs.push_back({"y", Role::output, dtype, op.y, {}, true, sums_are_exact(op.k, limit)});
      return s;
    }
    s.inputs.push_back({"g_y", Role::gradient, dtype, op.y, {}, true});
    s.outputs.push_back({"d_a", Role::output, dtype, op.a, {}, true, sums_are_exact(op.n * op.a_copies(), limit)});
    s.outputs.push_back({"d_b", Role::output, dtype, op.b, {}, true, sums_are_exact(op.m * op.b_copies(), limit)});
    return s;
  }

  /// Two operations per product; every tensor moves once.
  Cost cost(const Problem& problem) const override {
    const Matmul op(problem);
    const double products = static_cast<double>(op.batches()) * static_cast<double>(op.m) * static_cast<double>(op.n) *
                            static_cast<double>(op.k);
    const double size = static_cast<double>(size_in_bytes(problem.dtype));
    const double factors = static_cast<double>(element_count(op.a) + element_count(op.b));
    const double result = static_cast<double>(element_count(op.y));
    if (problem.direction == Direction::forward) return {2 * products, (factors + result) * size};
    return {4 * products, (2 * factors + result) * size};
  }

  std::vector<Fault> faults(const Problem& problem) const override { return matmul_faults(problem); }

  std::vector<Equivalence> equivalences() const override {
    return {{"tf32_operands",
             {DType::f16, DType::bf16},
             "tf32 holds 11 bits of significand and the exponents of float32: every f16 and bf16 number is one already",
             {}}};
  }

  std::vector<Fill> fills() const override {
    return {Fill::normal, Fill::offset, Fill::exact, Fill::adversarial, Fill::special};
  }
};

}  // namespace

const Operator& matmul_operator() {
  static const MatmulOperator instance;
  return instance;
}

}  // namespace lockstep
