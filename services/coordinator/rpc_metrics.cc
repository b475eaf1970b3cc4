// SPDX-License-Identifier: Apache-2.0
#include "services/coordinator/rpc_metrics.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "grpcpp/support/server_interceptor.h"
#include "services/base/rpc/rpc_status.h"

namespace basisbench {
namespace {

using grpc::experimental::InterceptionHookPoints;
using grpc::experimental::InterceptorBatchMethods;
using grpc::experimental::ServerRpcInfo;

// "/basisbench.v1.JobService/GetJob": "JobService/GetJob". Only names of registered methods come
// here, so that the label stays bounded.
std::string ShortName(absl::string_view path) {
  const size_t slash = path.rfind('/');
  const size_t dot = path.substr(0, slash).rfind('.');
  return std::string(path.substr(dot == absl::string_view::npos ? 1 : dot + 1));
}

class CallTimer : public grpc::experimental::Interceptor {
 public:
  CallTimer(MetricSet& metrics, std::string method)
      : metrics_(metrics), method_(std::move(method)), begun_(absl::Now()) {}

  void Intercept(InterceptorBatchMethods* methods) override {
    if (methods->QueryInterceptionHookPoint(InterceptionHookPoints::PRE_SEND_STATUS)) {
      const absl::Status status = FromGrpc(methods->GetSendStatus());
      metrics_
          .Histogram("basisbench_rpc_duration_seconds",
                     {{"method", method_},
                      {"code", absl::AsciiStrToLower(absl::StatusCodeToString(status.code()))}})
          .Observe(absl::ToDoubleSeconds(absl::Now() - begun_));
    }
    methods->Proceed();
  }

 private:
  MetricSet& metrics_;
  const std::string method_;
  const absl::Time begun_;
};

class CallTimerFactory : public grpc::experimental::ServerInterceptorFactoryInterface {
 public:
  explicit CallTimerFactory(MetricSet& metrics) : metrics_(metrics) {}

  grpc::experimental::Interceptor* CreateServerInterceptor(ServerRpcInfo* info) override {
    const bool ours = absl::string_view(info->method()).find("/basisbench.") == 0;
    if (!ours || info->type() != ServerRpcInfo::Type::UNARY) return nullptr;
    return new CallTimer(metrics_, ShortName(info->method()));
  }

 private:
  MetricSet& metrics_;
};

}  // namespace

void TimeCalls(MetricSet& metrics, grpc::ServerBuilder& builder) {
  std::vector<std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface>> creators;
  creators.push_back(std::make_unique<CallTimerFactory>(metrics));
  builder.experimental().SetInterceptorCreators(std::move(creators));
}

}  // namespace basisbench
