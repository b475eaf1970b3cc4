// SPDX-License-Identifier: Apache-2.0
// Backward SUMMA: dX = dY W^T and dW = X^T dY in one pass over the panels of the inner dimension,
// with X, W and dY where forward has X, W and Y, and the gradients where the operands are. Panels
// of X and W reach everybody in their row or column as forward; this rank's terms of their
// gradients go back to the panel's owner, who adds them up. The rotated order makes the returns of
// a step another exchange in which every rank sends and receives.
//   Bytes b (own X elements (C - 1) + own W elements (R - 1) + X and W elements in this row and
//   column that others own); messages: as forward, and one for each panel that others own.
#include "workers/operators/matmul/summa_gradient.h"

#include <algorithm>
#include <array>
#include <deque>
#include <utility>

#include "services/base/status_macros.h"
#include "workers/operators/matmul/summa_panels.h"
#include "workers/operators/partition.h"
#include "workers/operators/settle.h"

namespace basisbench {
namespace {

// The returns of a step are collected when the buffers of its turn are needed again.
constexpr int64_t kTurns = 2;

using Message = SummaSchedule::Message;

// The gradient of X or of W: where each own panel starts, and what is under way.
struct Gradient {
  Buffer whole;
  std::vector<int64_t> place;  // by panel, of the own ones: column of dX, row of dW
  std::vector<double> beta;    // by panel: 0 until the first term is there
  std::array<std::vector<Buffer>, kTurns> slots;
};

int64_t OfKind(const std::vector<Message>& messages, bool of_x) {
  return std::count_if(messages.begin(), messages.end(),
                       [&](const Message& message) { return message.of_x == of_x; });
}

// Buffers of the most crowded step of a turn: a term that leaves, and those that arrive.
int64_t SlotsOf(const SummaSchedule& schedule, bool of_x, int64_t turn) {
  int64_t most = 0;
  for (int64_t step = turn; step < schedule.panels(); step += kTurns) {
    most = std::max(
        most, OfKind(schedule.ReceivesFor(step), of_x) + OfKind(schedule.SendsFor(step), of_x));
  }
  return most;
}

class SummaGradientPlan : public Plan {
 public:
  SummaGradientPlan(const Problem& problem, const ProcessGrid& grid, Device& device,
                    Communicator& communicator)
      : problem_(problem),
        device_(device),
        communicator_(communicator),
        schedule_(problem, grid, communicator.rank()),
        panels_(problem, schedule_, device, communicator) {}

  absl::Status Allocate() {
    BB_RETURN_IF_ERROR(panels_.Allocate());
    BB_RETURN_IF_ERROR(Take(schedule_.rows().count * schedule_.cols().count, dy_));
    for (int64_t step = 0; step < schedule_.panels(); ++step)
      steps_.push_back({schedule_.ReceivesFor(step), schedule_.SendsFor(step), {}});
    BB_RETURN_IF_ERROR(TakeGradient(true));
    return TakeGradient(false);
  }

  absl::Status Run() override { return Iterate({}); }
  absl::Status RunCompute() override { return Iterate({.communicate = false}); }
  absl::Status RunCommunication() override { return Iterate({.compute = false}); }

  std::vector<Shard> Inputs() override {
    std::vector<Shard> inputs = panels_.Inputs();
    inputs.push_back({"dy", problem_.dtype, dy_.data(), schedule_.cols().count,
                      IndicesOf(schedule_.rows()), IndicesOf(schedule_.cols())});
    return inputs;
  }

  std::vector<Shard> Outputs() override {
    std::vector<int64_t> x_inner, w_inner;
    for (int64_t panel = 0; panel < schedule_.panels(); ++panel) {
      const std::vector<int64_t> inner = IndicesOf(schedule_.Panel(panel));
      if (schedule_.OwnsX(panel)) x_inner.insert(x_inner.end(), inner.begin(), inner.end());
      if (schedule_.OwnsW(panel)) w_inner.insert(w_inner.end(), inner.begin(), inner.end());
    }
    return {{"dx", problem_.dtype, dx_.whole.data(), x_inner_, IndicesOf(schedule_.rows()),
             std::move(x_inner)},
            {"dw", problem_.dtype, dw_.whole.data(), schedule_.cols().count, std::move(w_inner),
             IndicesOf(schedule_.cols())}};
  }

  std::string Grid() const override { return problem_.grid; }

 private:
  // Of the step's panels: those of others, whose terms leave for their owners, and own ones that
  // others have terms of.
  struct Step {
    std::vector<Message> leaving, arriving;
    Transfers transfers;
  };

  absl::Status Take(int64_t elements, Buffer& buffer) {
    BB_ASSIGN_OR_RETURN(buffer, device_.Allocate(elements * DtypeSize(problem_.dtype)));
    return absl::OkStatus();
  }

  absl::Status TakeGradient(bool of_x) {
    Gradient& gradient = Of(of_x);
    int64_t inner = 0;
    for (int64_t panel = 0; panel < schedule_.panels(); ++panel) {
      gradient.place.push_back(inner);
      if (of_x ? schedule_.OwnsX(panel) : schedule_.OwnsW(panel))
        inner += schedule_.Panel(panel).count;
    }
    if (of_x) x_inner_ = inner;
    gradient.beta.resize(schedule_.panels());
    for (int64_t turn = 0; turn < kTurns; ++turn) {
      gradient.slots[turn].resize(SlotsOf(schedule_, of_x, turn));
      for (Buffer& slot : gradient.slots[turn])
        BB_RETURN_IF_ERROR(Take(schedule_.Largest(of_x), slot));
    }
    return Take(inner * (of_x ? schedule_.rows() : schedule_.cols()).count, gradient.whole);
  }

  Gradient& Of(bool of_x) { return of_x ? dx_ : dw_; }

  // The own panel's part of the gradient.
  std::byte* Own(bool of_x, int64_t panel) {
    const int64_t at = Of(of_x).place[panel] * (of_x ? 1 : schedule_.cols().count);
    return Of(of_x).whole.data() + at * DtypeSize(problem_.dtype);
  }
  int64_t OwnStride(bool of_x) const { return of_x ? x_inner_ : schedule_.cols().count; }

  // Without gaps. A step's leaving term is in the first buffer, if there is one.
  void* Slot(bool of_x, int64_t step, int64_t index) {
    return Of(of_x).slots[step % kTurns][index].data();
  }

  absl::Status Iterate(Parts parts) {
    for (Gradient* gradient : {&dx_, &dw_})
      std::fill(gradient->beta.begin(), gradient->beta.end(), 0.0);
    const int64_t steps = schedule_.panels();
    if (parts.communicate) BB_RETURN_IF_ERROR(panels_.StartFirst());
    for (int64_t step = 0; step < steps; ++step) {
      if (parts.communicate) BB_RETURN_IF_ERROR(panels_.Arrive(step));
      if (step >= kTurns) BB_RETURN_IF_ERROR(Collect(step - kTurns, parts));
      if (parts.compute) {
        BB_RETURN_IF_ERROR(InputGradient(step));
        BB_RETURN_IF_ERROR(WeightGradient(step));
      }
      if (parts.communicate) BB_RETURN_IF_ERROR(Return(step));
    }
    for (int64_t step = std::max<int64_t>(0, steps - kTurns); step < steps; ++step)
      BB_RETURN_IF_ERROR(Collect(step, parts));
    return Settle(device_, problem_.ranks);
  }

  absl::Status InputGradient(int64_t step) {
    GemmArgs args{.dtype = problem_.dtype, .transpose_b = Transpose::kYes};
    args.m = schedule_.rows().count, args.k = schedule_.cols().count;
    args.n = schedule_.Panel(schedule_.PanelAt(step)).count;
    args.a = dy_.data(), args.lda = args.k;
    args.b = panels_.W(step), args.ldb = args.k;
    args.ldc = args.n;
    return AddTerm(true, step, args);
  }

  absl::Status WeightGradient(int64_t step) {
    GemmArgs args{.dtype = problem_.dtype, .transpose_a = Transpose::kYes};
    args.k = schedule_.rows().count, args.n = schedule_.cols().count;
    args.m = schedule_.Panel(schedule_.PanelAt(step)).count;
    args.a = panels_.X(step), args.lda = args.m;
    args.b = dy_.data(), args.ldb = args.n;
    args.ldc = args.n;
    return AddTerm(false, step, args);
  }

  // This rank's term of the step's panel: into the gradient where the panel is its own, into the
  // buffer that leaves otherwise.
  absl::Status AddTerm(bool of_x, int64_t step, GemmArgs args) {
    const int64_t panel = schedule_.PanelAt(step);
    if (of_x ? schedule_.OwnsX(panel) : schedule_.OwnsW(panel)) {
      args.c = Own(of_x, panel);
      args.ldc = OwnStride(of_x);
      args.beta = std::exchange(Of(of_x).beta[panel], 1.0);
    } else {
      args.c = Slot(of_x, step, 0);
    }
    if (args.k == 0 && args.beta == 0) return Clear(args);
    Transfers none;
    return GemmWhile(device_, args,
                     {&panels_.OfStep(step + 1), &panels_.OfStep(step + 2),
                      step > 0 ? &steps_[step - 1].transfers : &none});
  }

  // What a product without terms leaves.
  absl::Status Clear(const GemmArgs& args) {
    auto* row = static_cast<std::byte*>(args.c);
    for (int64_t i = 0; i < args.m; ++i, row += args.ldc * DtypeSize(problem_.dtype))
      BB_RETURN_IF_ERROR(device_.Fill(problem_.dtype, args.n, 0.0, row));
    return absl::OkStatus();
  }

  absl::Status Return(int64_t step) {
    BB_RETURN_IF_ERROR(
        Settle(device_, problem_.ranks));  // the terms are there, and the last ones added
    Step& at = steps_[step];
    int64_t used[] = {OfKind(at.leaving, false), OfKind(at.leaving, true)};
    for (const Message& message : at.arriving) {
      void* slot = Slot(message.of_x, step, used[message.of_x]++);
      BB_ASSIGN_OR_RETURN(auto pending,
                          communicator_.StartSendRecv(problem_.dtype, nullptr, 0, -1, slot,
                                                      Elements(message), message.peer));
      at.transfers.Add(std::move(pending));
    }
    for (const Message& message : at.leaving) {
      BB_ASSIGN_OR_RETURN(auto pending, communicator_.StartSendRecv(
                                            problem_.dtype, Slot(message.of_x, step, 0),
                                            Elements(message), message.peer, nullptr, 0, -1));
      at.transfers.Add(std::move(pending));
    }
    return absl::OkStatus();
  }

  // Waits for the returns of a step and adds what has arrived.
  absl::Status Collect(int64_t step, Parts parts) {
    Step& at = steps_[step];
    BB_RETURN_IF_ERROR(at.transfers.Wait());
    if (!parts.compute) return absl::OkStatus();
    int64_t used[] = {OfKind(at.leaving, false), OfKind(at.leaving, true)};
    for (const Message& message : at.arriving) {
      const int64_t inner = schedule_.Panel(message.panel).count;
      ProductArgs args{.dtype = problem_.dtype};
      args.rows = message.of_x ? schedule_.rows().count : inner;
      args.cols = message.of_x ? inner : schedule_.cols().count;
      args.x = Slot(message.of_x, step, used[message.of_x]++);
      args.x_row_stride = args.cols;
      args.beta = std::exchange(Of(message.of_x).beta[message.panel], 1.0);
      args.y = Own(message.of_x, message.panel);
      args.y_row_stride = OwnStride(message.of_x);
      BB_RETURN_IF_ERROR(device_.Product(args));
    }
    return absl::OkStatus();
  }

  int64_t Elements(const Message& message) const {
    return schedule_.Elements(message.of_x, message.panel);
  }

  const Problem problem_;
  Device& device_;
  Communicator& communicator_;
  const SummaSchedule schedule_;
  SummaPanels panels_;
  Buffer dy_;
  Gradient dx_, dw_;
  int64_t x_inner_ = 0;  // columns of the own panels of X together
  std::deque<Step> steps_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Plan>> MakeSummaGradientPlan(const Problem& problem,
                                                            const ProcessGrid& grid, Device& device,
                                                            Communicator& communicator) {
  auto plan = std::make_unique<SummaGradientPlan>(problem, grid, device, communicator);
  BB_RETURN_IF_ERROR(plan->Allocate());
  return plan;
}

RankCost SummaGradientCost(const Problem& problem, const ProcessGrid& grid, int rank) {
  const SummaSchedule schedule(problem, grid, rank);
  RankCost cost;
  Traffic& moved = cost.traffic[static_cast<size_t>(Collective::kSendRecv)];
  for (int64_t panel = 0; panel < schedule.panels(); ++panel) {
    for (const bool of_x : {true, false}) {
      const bool own = of_x ? schedule.OwnsX(panel) : schedule.OwnsW(panel);
      const int64_t elements = schedule.Elements(of_x, panel);
      moved.calls += own ? (of_x ? grid.cols : grid.rows) - 1 : 1;
      if (own) {
        cost.elements += elements;
      } else if (elements > 0) {
        ++moved.messages_sent;
        moved.bytes_sent += elements * DtypeSize(problem.dtype);
      }
    }
  }
  for (const bool of_x : {true, false}) {
    for (int64_t turn = 0; turn < kTurns; ++turn)
      cost.elements += SlotsOf(schedule, of_x, turn) * schedule.Largest(of_x);
  }
  return cost;
}

}  // namespace basisbench
