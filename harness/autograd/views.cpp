// SPDX-License-Identifier: Apache-2.0
#include "harness/autograd/views.hpp"

#include <algorithm>
#include <numeric>

#include "harness/data/error.hpp"

namespace lockstep {
namespace {

/// Calls `use` with a pointer to the elements as they are held, whatever the dtype.
template <class Use>
void with_elements(Values& values, Use use) {
  if (values.floats())
    use(values.floats());
  else if (values.doubles())
    use(values.doubles());
  else
    use(values.integers());
}

std::int64_t axis_of(std::int64_t dim, const Shape& shape) {
  const auto rank = static_cast<std::int64_t>(shape.size());
  if (dim < -rank || dim >= rank)
    throw Error("Dimension out of range (expected to be in range of [" + std::to_string(-rank) + ", " +
                std::to_string(rank - 1) + "], but got " + std::to_string(dim) + ")");
  return dim < 0 ? dim + rank : dim;
}

/// Extents before, at and behind an axis.
struct AroundAxis {
  std::int64_t outer = 1, length = 1, inner = 1;
  AroundAxis(const Shape& shape, std::int64_t axis) : length(shape[static_cast<std::size_t>(axis)]) {
    for (std::size_t i = 0; i < shape.size(); ++i) {
      if (static_cast<std::int64_t>(i) < axis) outer *= shape[i];
      if (static_cast<std::int64_t>(i) > axis) inner *= shape[i];
    }
  }
};

/// Copies `count` steps of an axis between two tensors that are equal in all other extents.
void copy_steps(const Values& from, std::int64_t from_start, Values& to, std::int64_t to_start, std::int64_t count,
                std::int64_t axis) {
  const AroundAxis source(from.shape(), axis), target(to.shape(), axis);
  with_elements(to, [&](auto* out) {
    using Element = std::remove_pointer_t<decltype(out)>;
    const Element* in = nullptr;
    with_elements(const_cast<Values&>(from), [&](auto* elements) {
      if constexpr (std::is_same_v<decltype(elements), Element*>) in = elements;
    });
    for (std::int64_t o = 0; o < source.outer; ++o)
      std::copy_n(in + (o * source.length + from_start) * source.inner, count * source.inner,
                  out + (o * target.length + to_start) * target.inner);
  });
}

class AddFunction final : public Function {
 public:
  std::string name() const override { return "add"; }
  std::vector<Variable> backward(Autograd&, const std::vector<Variable>& gradients, const std::vector<bool>&) override {
    return {gradients[0], gradients[0]};
  }
};

class ReshapeFunction final : public Function {
 public:
  explicit ReshapeFunction(Shape before) : before_(std::move(before)) {}
  std::string name() const override { return "reshape"; }
  std::vector<Variable> backward(Autograd& autograd, const std::vector<Variable>& gradients,
                                 const std::vector<bool>&) override {
    return {reshape(autograd, gradients[0], before_)};
  }

 private:
  Shape before_;
};

class PermuteFunction final : public Function {
 public:
  explicit PermuteFunction(std::vector<std::int64_t> inverse) : inverse_(std::move(inverse)) {}
  std::string name() const override { return "permute"; }
  std::vector<Variable> backward(Autograd& autograd, const std::vector<Variable>& gradients,
                                 const std::vector<bool>&) override {
    return {permute(autograd, gradients[0], inverse_)};
  }

 private:
  std::vector<std::int64_t> inverse_;
};

class NarrowFunction final : public Function {
 public:
  NarrowFunction(Shape before, std::int64_t axis, std::int64_t start)
      : before_(std::move(before)), axis_(axis), start_(start) {}
  std::string name() const override { return "narrow"; }
  /// Zeros before and behind: a concatenation, so that it can be differentiated again.
  std::vector<Variable> backward(Autograd& autograd, const std::vector<Variable>& gradients,
                                 const std::vector<bool>&) override {
    const Variable& gradient = gradients[0];
    const auto axis = static_cast<std::size_t>(axis_);
    const std::int64_t behind = before_[axis] - start_ - gradient.shape()[axis];
    Shape left = before_, right = before_;
    left[axis] = start_;
    right[axis] = behind;
    return {concatenate(autograd,
                        {Variable(Values(gradient.dtype(), left)), gradient, Variable(Values(gradient.dtype(), right))},
                        axis_)};
  }

 private:
  Shape before_;
  std::int64_t axis_, start_;
};

class ConcatenateFunction final : public Function {
 public:
  ConcatenateFunction(std::vector<std::int64_t> lengths, std::int64_t axis)
      : lengths_(std::move(lengths)), axis_(axis) {}
  std::string name() const override { return "concatenate"; }
  std::vector<Variable> backward(Autograd& autograd, const std::vector<Variable>& gradients,
                                 const std::vector<bool>& wanted) override {
    std::vector<Variable> parts(lengths_.size());
    std::int64_t start = 0;
    for (std::size_t i = 0; i < parts.size(); start += lengths_[i], ++i)
      if (wanted[i]) parts[i] = narrow(autograd, gradients[0], axis_, start, lengths_[i]);
    return parts;
  }

 private:
  std::vector<std::int64_t> lengths_;
  std::int64_t axis_;
};

class CastFunction final : public Function {
 public:
  explicit CastFunction(DType before) : before_(before) {}
  std::string name() const override { return "cast"; }
  std::vector<Variable> backward(Autograd& autograd, const std::vector<Variable>& gradients,
                                 const std::vector<bool>&) override {
    return {cast(autograd, gradients[0], before_)};
  }

 private:
  DType before_;
};

/// float16 and bfloat16 meet in float32.
DType promoted(DType a, DType b) {
  if (!is_floating(a) || !is_floating(b))
    throw Error("cannot add " + std::string(name_of(a)) + " and " + std::string(name_of(b)));
  if (size_in_bytes(a) == size_in_bytes(b)) return DType::f32;
  return size_in_bytes(a) > size_in_bytes(b) ? a : b;
}

/// The executor moves the contents, so that it can move along what it carries beside them.
Variable recorded(Autograd& autograd, std::shared_ptr<Function> function, std::vector<Variable> inputs,
                  const Movement& movement) {
  std::vector<const Values*> contents;
  for (const Variable& input : inputs) contents.push_back(&input.value());
  std::vector<Values> outputs;
  outputs.push_back(autograd.executor().move(movement, contents));
  return autograd.record(std::move(function), std::move(inputs), std::move(outputs))[0];
}

}  // namespace

Variable add(Autograd& autograd, const Variable& a, const Variable& b) {
  if (a.shape() != b.shape())
    throw Error("cannot add tensors of shapes " + to_text(a.shape()) + " and " + to_text(b.shape()));
  if (a.dtype() != b.dtype()) {
    const DType wider = promoted(a.dtype(), b.dtype());
    return add(autograd, cast(autograd, a, wider), cast(autograd, b, wider));
  }
  return recorded(autograd, std::make_shared<AddFunction>(), {a, b}, [](const std::vector<const Values*>& in) {
    Values sum = *in[0];
    const Values& second = *in[1];
    if (sum.dtype() == DType::f32) {
      for (std::int64_t i = 0; i < sum.count(); ++i) sum.floats()[i] += second.floats()[i];
    } else {
      for (std::int64_t i = 0; i < sum.count(); ++i) sum.set(i, sum[i] + second[i]);
    }
    return sum;
  });
}

Variable reshape(Autograd& autograd, const Variable& x, Shape shape) {
  const auto open = std::find(shape.begin(), shape.end(), -1);
  if (open != shape.end()) {
    *open = 1;
    const std::int64_t rest = element_count(shape);
    *open = rest > 0 && x.count() % rest == 0 ? x.count() / rest : -1;
  }
  if (std::any_of(shape.begin(), shape.end(), [](std::int64_t extent) { return extent < 0; }) ||
      element_count(shape) != x.count())
    throw Error("shape '" + to_text(shape) + "' is invalid for input of size " + std::to_string(x.count()));
  return recorded(autograd, std::make_shared<ReshapeFunction>(x.shape()), {x},
                  [&](const std::vector<const Values*>& in) { return in[0]->reshaped(shape); });
}

Variable permute(Autograd& autograd, const Variable& x, const std::vector<std::int64_t>& order) {
  const Shape& before = x.shape();
  if (order.size() != before.size())
    throw Error("permute: number of dims don't match: " + std::to_string(order.size()) + " given, the tensor has " +
                std::to_string(before.size()));
  std::vector<std::int64_t> inverse(order.size(), -1);
  const Strides strides = row_major_strides(before);
  Shape after(order.size());
  Strides walk(order.size());
  for (std::size_t i = 0; i < order.size(); ++i) {
    const std::int64_t axis = axis_of(order[i], before);
    if (inverse[static_cast<std::size_t>(axis)] >= 0) throw Error("permute: repeated dim " + std::to_string(axis));
    inverse[static_cast<std::size_t>(axis)] = static_cast<std::int64_t>(i);
    after[i] = before[static_cast<std::size_t>(axis)];
    walk[i] = strides[static_cast<std::size_t>(axis)];
  }
  const auto movement = [&](const std::vector<const Values*>& contents) {
    Values moved(contents[0]->dtype(), after);
    with_elements(moved, [&](auto* out) {
      using Element = std::remove_pointer_t<decltype(out)>;
      with_elements(const_cast<Values&>(*contents[0]), [&](auto* in) {
        if constexpr (std::is_same_v<decltype(in), Element*>)
          for (std::int64_t i = 0; i < moved.count(); ++i) out[i] = in[offset_of(i, after, walk)];
      });
    });
    return moved;
  };
  return recorded(autograd, std::make_shared<PermuteFunction>(std::move(inverse)), {x}, movement);
}

Variable narrow(Autograd& autograd, const Variable& x, std::int64_t dim, std::int64_t start, std::int64_t length) {
  const std::int64_t axis = axis_of(dim, x.shape()), extent = x.shape()[static_cast<std::size_t>(axis)];
  if (start < 0 || length < 0 || start + length > extent)
    throw Error("start (" + std::to_string(start) + ") + length (" + std::to_string(length) +
                ") exceeds dimension size (" + std::to_string(extent) + ").");
  Shape shape = x.shape();
  shape[static_cast<std::size_t>(axis)] = length;
  const auto movement = [&](const std::vector<const Values*>& in) {
    Values part(in[0]->dtype(), shape);
    copy_steps(*in[0], start, part, 0, length, axis);
    return part;
  };
  return recorded(autograd, std::make_shared<NarrowFunction>(x.shape(), axis, start), {x}, movement);
}

Variable concatenate(Autograd& autograd, const std::vector<Variable>& parts, std::int64_t dim) {
  if (parts.empty()) throw Error("expected a non-empty list of Tensors");
  const auto axis = axis_of(dim, parts[0].shape());
  Shape shape = parts[0].shape();
  std::vector<std::int64_t> lengths;
  for (const Variable& part : parts) {
    Shape expected = shape;
    if (part.shape().size() == shape.size())
      expected[static_cast<std::size_t>(axis)] = part.shape()[static_cast<std::size_t>(axis)];
    if (part.shape() != expected || part.dtype() != parts[0].dtype())
      throw Error("Sizes of tensors must match except in dimension " + std::to_string(axis) + ": " +
                  to_text(parts[0].shape()) + " and " + to_text(part.shape()));
    lengths.push_back(part.shape()[static_cast<std::size_t>(axis)]);
  }
  shape[static_cast<std::size_t>(axis)] = std::accumulate(lengths.begin(), lengths.end(), std::int64_t{0});
  const auto movement = [&](const std::vector<const Values*>& in) {
    Values whole(in[0]->dtype(), shape);
    std::int64_t start = 0;
    for (std::size_t i = 0; i < in.size(); start += lengths[i], ++i)
      copy_steps(*in[i], 0, whole, start, lengths[i], axis);
    return whole;
  };
  return recorded(autograd, std::make_shared<ConcatenateFunction>(lengths, axis), parts, movement);
}

Variable cast(Autograd& autograd, const Variable& x, DType dtype) {
  if (x.dtype() == dtype) return x;
  return recorded(autograd, std::make_shared<CastFunction>(x.dtype()), {x},
                  [&](const std::vector<const Values*>& in) { return in[0]->rounded_to(dtype); });
}

}  // namespace lockstep
