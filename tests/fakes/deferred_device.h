// SPDX-License-Identifier: Apache-2.0
// A device that does nothing before it is told to Synchronize, as slow as an asynchronous one may
// be: a plan that sends, reads or frees what it has not waited for then shows wrong results.
// Preparing is immediate. Belongs to one thread.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "services/base/status_macros.h"
#include "workers/devices/device.h"

namespace basisbench {

class DeferredDevice : public Device {
 public:
  explicit DeferredDevice(std::unique_ptr<Device> inner) : inner_(std::move(inner)) {}

  std::string name() const override { return inner_->name(); }
  std::vector<std::pair<std::string, std::string>> Libraries() const override {
    return inner_->Libraries();
  }
  absl::StatusOr<Buffer> Allocate(int64_t bytes) override { return inner_->Allocate(bytes); }
  absl::Status Upload(const void* from, int64_t bytes, void* to) override {
    BB_RETURN_IF_ERROR(Synchronize());
    return inner_->Upload(from, bytes, to);
  }
  absl::Status Download(const void* from, int64_t bytes, void* to) override {
    BB_RETURN_IF_ERROR(Synchronize());
    return inner_->Download(from, bytes, to);
  }
  absl::StatusOr<RowProjections> ProjectRows(const DeviceMatrix& matrix,
                                             absl::Span<const double> weights) override {
    BB_RETURN_IF_ERROR(Synchronize());
    return inner_->ProjectRows(matrix, weights);
  }

  absl::Status Gemm(const GemmArgs& args) override { return Later(&Device::Gemm, args); }
  bool MultipliesHalves() const override { return inner_->MultipliesHalves(); }
  bool HasTf32() const override { return inner_->HasTf32(); }
  absl::Status MultiplyInTf32(bool on) override {
    return Add([=, this] { return inner_->MultiplyInTf32(on); });
  }
  absl::Status Copy(const CopyArgs& args) override { return Later(&Device::Copy, args); }
  absl::Status Wht(const WhtArgs& args) override { return Later(&Device::Wht, args); }
  absl::Status Dwt(const DwtArgs& args) override { return Later(&Device::Dwt, args); }
  absl::Status Butterfly(const ButterflyArgs& args) override {
    return Later(&Device::Butterfly, args);
  }
  absl::Status AddReflected(const ReflectArgs& args) override {
    return Later(&Device::AddReflected, args);
  }
  absl::Status PairColumns(const PairArgs& args) override {
    return Later(&Device::PairColumns, args);
  }
  absl::Status Multiply(Dtype dtype, int64_t count, const void* x, const void* w,
                        void* y) override {
    return Add([=, this] { return inner_->Multiply(dtype, count, x, w, y); });
  }
  absl::Status Product(const ProductArgs& args) override { return Later(&Device::Product, args); }
  absl::Status ColumnSum(const ColumnSumArgs& args) override {
    return Later(&Device::ColumnSum, args);
  }
  absl::Status Activate(const ActivationArgs& args) override {
    return Later(&Device::Activate, args);
  }
  absl::Status ActivationGradient(const ActivationGradientArgs& args) override {
    return Later(&Device::ActivationGradient, args);
  }
  absl::Status LinearStages(const StagesArgs& args) override {
    return LaterWithStrides(&Device::LinearStages, args);
  }
  absl::Status LinearStagesGradient(const StagesGradientArgs& args) override {
    return LaterWithStrides(&Device::LinearStagesGradient, args);
  }
  absl::Status Gather(const GatherArgs& args) override { return Later(&Device::Gather, args); }
  absl::Status Convert(const ConvertArgs& args) override { return Later(&Device::Convert, args); }
  absl::Status SoftmaxStep(const SoftmaxStepArgs& args) override {
    return Later(&Device::SoftmaxStep, args);
  }
  absl::Status SoftmaxEnd(const SoftmaxEndArgs& args) override {
    return Later(&Device::SoftmaxEnd, args);
  }
  absl::Status SoftmaxGradient(const SoftmaxGradientArgs& args) override {
    return Later(&Device::SoftmaxGradient, args);
  }
  absl::Status DecaySum(const DecaySumArgs& args) override {
    return Later(&Device::DecaySum, args);
  }
  absl::Status DecayProduct(const DecayProductArgs& args) override {
    return Later(&Device::DecayProduct, args);
  }
  absl::Status DecayGradient(const DecayGradientArgs& args) override {
    return Later(&Device::DecayGradient, args);
  }
  absl::Status Fill(Dtype dtype, int64_t count, double value, void* y) override {
    return Add([=, this] { return inner_->Fill(dtype, count, value, y); });
  }

  absl::StatusOr<std::unique_ptr<FftPlan>> MakeFft(const FftDescription& description, void* in,
                                                   void* out) override {
    BB_ASSIGN_OR_RETURN(std::unique_ptr<FftPlan> plan, inner_->MakeFft(description, in, out));
    return std::make_unique<DeferredFft>(*this, std::move(plan));
  }

  absl::Status Synchronize() override {
    ++waits_;
    std::vector<std::function<absl::Status()>> work;
    work.swap(work_);
    for (const auto& one : work) BB_RETURN_IF_ERROR(one());
    return inner_->Synchronize();
  }
  int64_t waits() const { return waits_; }

 private:
  class DeferredFft : public FftPlan {
   public:
    DeferredFft(DeferredDevice& device, std::unique_ptr<FftPlan> plan)
        : device_(device), plan_(std::move(plan)) {}
    absl::Status Execute() override {
      return device_.Add([plan = plan_] { return plan->Execute(); });
    }

   private:
    DeferredDevice& device_;
    const std::shared_ptr<FftPlan> plan_;
  };

  absl::Status Add(std::function<absl::Status()> work) {
    work_.push_back(std::move(work));
    return absl::OkStatus();
  }
  template <typename Args>
  absl::Status Later(absl::Status (Device::*call)(const Args&), const Args& args) {
    return Add([=, this] { return (inner_.get()->*call)(args); });
  }
  // Strides are the caller's memory, which need not last.
  template <typename Args>
  absl::Status LaterWithStrides(absl::Status (Device::*call)(const Args&), Args args) {
    std::vector<int64_t> strides(args.strides.begin(), args.strides.end());
    return Add([=, this, strides = std::move(strides)]() mutable {
      args.strides = strides;
      return (inner_.get()->*call)(args);
    });
  }

  const std::unique_ptr<Device> inner_;
  std::vector<std::function<absl::Status()>> work_;
  int64_t waits_ = 0;
};

}  // namespace basisbench
