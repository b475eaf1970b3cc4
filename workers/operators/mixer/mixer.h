// SPDX-License-Identifier: Apache-2.0
// A linear mixer that is applied to whole vectors: Y = X M(w) with a vector for each token, or
// Y = M(w) X with a vector for each channel. Such an operator says what its weights are, how a
// device applies M and its adjoints to the vectors of one rank, and what M is by definition; how
// operands lie on ranks, what moves, what it costs, the reduction of gradients and the reference
// follow from that, here.
//
// Shardings: "token" cuts X and Y by rows, "column" by columns. Where that leaves vectors whole,
// nothing moves forward; where it cuts them, one all-to-all makes them whole before and another
// cuts them again after. Weights are on every rank, except those that belong to one channel of a
// token mixer, which lie where the channel is mixed. Backward, the gradients of shared weights are
// summed over ranks by one all-reduce.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "workers/operators/operator.h"
#include "workers/operators/sharding.h"

namespace basisbench {

struct Weight {
  std::string name;
  int64_t rows = 0, cols = 0;
  double scale = 1.0;       // standard deviation of its values
  bool by_channel = false;  // of a token mixer: column c belongs to channel c
};

// One rank's operands in device memory. Element i of vector v is at x[v * x_vector + i * x_element]
// (elements), and so on; dx lies like x, dy like y. Null where the direction has no use for it.
struct LocalOperands {
  int64_t vectors = 0;
  const void* x = nullptr;
  int64_t x_vector = 0, x_element = 0;
  void* y = nullptr;
  int64_t y_vector = 0, y_element = 0;
  const void* dy = nullptr;
  void* dx = nullptr;
  // In the order of Mixer::Weights, row-major without gaps; gradients are overwritten.
  std::vector<const void*> weights;
  std::vector<void*> gradients;
};

// M applied to the vectors of one rank, prepared. Run never allocates and leaves inputs as they
// were.
class LocalMixer {
 public:
  virtual ~LocalMixer() = default;
  // Forward: y from x. Backward: dx and gradients from dy (and x), and y where it is needed.
  // Issued, not waited for.
  virtual absl::Status Run() = 0;
};

// Weights of a whole problem in float64, by name, row-major.
using ReferenceWeights = std::map<std::string, std::vector<double>>;

// M by its definition, in float64: independent of LocalMixer. Thread-compatible.
class ReferenceMap {
 public:
  virtual ~ReferenceMap() = default;
  // What a unit at `input` gives at every output of a vector. `channel` matters where Mixer::
  // VariesByChannel.
  virtual void Row(int64_t channel, int64_t input, absl::Span<double> outputs) const = 0;
};

class Mixer : public Operator {
 public:
  // Shardings are filled in: both of the above, then the operator's own.
  explicit Mixer(OperatorDescription description, std::vector<Sharding> own = {});

  // --- What an operator says about itself ---

  // Parameters from the shape, and refusals: the part of Resolve that is its own.
  virtual absl::Status ResolveMixer(Problem& problem) const = 0;
  virtual std::vector<Weight> Weights(const Problem& problem) const = 0;
  // Executed FLOPs of one vector. Backward the default is the same for the adjoint, and once more
  // where there are weights.
  virtual double FlopsPerVector(const Problem& problem) const = 0;
  virtual double BackwardFlopsPerVector(const Problem& problem) const {
    return FlopsPerVector(problem) * (Weights(problem).empty() ? 1 : 2);
  }
  // Elements of workspace that MakeLocal will allocate for this many vectors.
  virtual int64_t Workspace(const Problem& problem, int64_t vectors) const = 0;
  virtual absl::StatusOr<std::unique_ptr<LocalMixer>> MakeLocal(
      const Problem& problem, Device& device, const LocalOperands& operands) const = 0;
  virtual std::unique_ptr<ReferenceMap> MakeReference(const Problem& problem,
                                                      const ReferenceWeights& weights) const = 0;
  // Roundings of one output element forward (see Operator::RoundingGrowth).
  virtual double ForwardRoundings(const Problem& problem) const = 0;
  // Whether backward is to give the output "y" too: for what is wrapped around it.
  virtual bool NeedsOutput(const Problem&) const { return false; }
  // Whether it mixes tokens: vectors are the columns of X. The default reads the description.
  virtual bool MixesTokens(const Problem& problem) const;
  // Whether M is another one for each channel (of a token mixer).
  bool VariesByChannel(const Problem& problem) const;

  // --- What follows ---

  const OperatorDescription& description() const override { return description_; }
  absl::StatusOr<Problem> Resolve(const Problem& problem) const override;
  std::vector<TensorShape> Tensors(const Problem& problem) const override;
  OperatorCost Cost(const Problem& problem) const override;
  double OperandScale(const Problem& problem, absl::string_view tensor) const override;
  absl::StatusOr<std::unique_ptr<Plan>> MakePlan(const Problem& problem, Device& device,
                                                 Communicator& communicator) const override;
  std::vector<double> ReferenceRows(const Problem& problem, const Operands& operands,
                                    absl::Span<const int64_t> rows) const override;
  Projection ReferenceProjection(const Problem& problem, const Operands& operands,
                                 absl::Span<const double> v,
                                 absl::Span<const int64_t> rows) const override;
  double ReferenceDerivative(const Problem& problem, const Operands& operands,
                             const Change& change) const override;
  double RoundingGrowth(const Problem& problem) const override;

  // Lengths of a vector before and after, and how many there are.
  int64_t InputLength(const Problem& problem) const;
  int64_t OutputLength(const Problem& problem) const;
  int64_t Vectors(const Problem& problem) const;

 protected:
  // One more sharding of its own, for those that know the operator; while it is constructed.
  void Add(Sharding sharding);

 private:
  OperatorDescription description_;
  std::vector<Sharding> own_;
};

}  // namespace basisbench
