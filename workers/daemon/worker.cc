// SPDX-License-Identifier: Apache-2.0
#include "workers/daemon/worker.h"

#include <cstdlib>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "services/base/log.h"
#include "services/base/status_macros.h"
#include "services/base/telemetry/standard_pages.h"
#include "services/base/version.h"
#include "workers/daemon/inventory.h"
#include "workers/daemon/nvml.h"

namespace basisbench {
namespace {

// "host:port" of an IPv4 address or name.
absl::StatusOr<HttpOptions> ParseHttp(const std::string& listen) {
  HttpOptions options;
  const size_t colon = listen.rfind(':');
  if (colon == std::string::npos || !absl::SimpleAtoi(listen.substr(colon + 1), &options.port) ||
      options.port < 0 || options.port > 65535) {
    return absl::InvalidArgumentError(absl::StrCat("--http '", listen, "' is not host:port"));
  }
  options.address = listen.substr(0, colon);
  return options;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Worker>> Worker::Start(WorkerOptions options) {
  std::unique_ptr<Worker> worker(new Worker(std::move(options)));
  BB_RETURN_IF_ERROR(worker->SetUp());
  return worker;
}

// What the inventory and the runner's catalogue allow; both are told of it.
absl::StatusOr<Offer> Worker::FindOffer(v1::Inventory& inventory) {
  v1::OperatorCatalogue& catalogue = *registration_.mutable_catalogue();
  BB_ASSIGN_OR_RETURN(catalogue, checker_->Describe());
  OfferRequest request;
  request.device = options_.device;
  request.slots = options_.slots;
  request.runner_backends = {catalogue.backends().begin(), catalogue.backends().end()};
  request.runner = options_.programs.runner;
  if (const char* visible = std::getenv("CUDA_VISIBLE_DEVICES"); visible != nullptr)
    request.cuda_visible_devices = visible;
  for (v1::GpuInfo& gpu : ReadGpus(&request.no_gpu)) *inventory.add_gpus() = std::move(gpu);
  BB_ASSIGN_OR_RETURN(Offer offer, MakeOffer(request, inventory));
  *catalogue.mutable_backends() = {offer.backends.begin(), offer.backends.end()};
  *inventory.mutable_gpus() = {offer.gpus.begin(), offer.gpus.end()};
  Log(LogLevel::kInfo, "main", "offers",
      {{"backends", absl::StrJoin(offer.backends, ",")},
       {"slots", offer.slots.size()},
       {"gpus", offer.gpus.size()}});
  return offer;
}

absl::Status Worker::SetUp() {
  BB_ASSIGN_OR_RETURN(directory_, WorkDirectory::Open(options_.work_directory));
  BB_ASSIGN_OR_RETURN(v1::Inventory inventory,
                      ReadInventory({options_.cpus, options_.memory_bytes}));
  reaper_ = std::make_unique<Reaper>();
  checker_ = std::make_unique<Checker>(*reaper_, options_.programs);
  BB_ASSIGN_OR_RETURN(Offer offer, FindOffer(inventory));
  outbox_ = std::make_unique<Outbox>(directory_->spool());

  services_.reaper = reaper_.get();
  services_.observer = this;
  services_.programs = options_.programs;
  services_.security = options_.security;
  services_.worker = options_.name;
  services_.work_directory = directory_->attempts();
  const auto slots = static_cast<uint32_t>(offer.slots.size());
  attempts_ = std::make_unique<AttemptTable>(services_, std::move(offer.slots),
                                             [this](const v1::Prepared& prepared) {
                                               v1::AttachRequest message;
                                               *message.mutable_prepared() = prepared;
                                               Send(std::move(message));
                                             });
  probe_.Identify(options_.name, options_.device, inventory, slots);
  checks_ = std::make_unique<CheckQueue>(
      *checker_, [this](v1::AttachRequest answer) { Send(std::move(answer)); });
  BB_RETURN_IF_ERROR(ServeLaunches());
  BB_RETURN_IF_ERROR(ServeHttp());

  registration_.set_worker(options_.name);
  BB_ASSIGN_OR_RETURN(*registration_.mutable_incarnation(), MakeNonce());
  registration_.set_address(options_.address);
  registration_.set_launch_port(static_cast<uint32_t>(launch_port_));
  registration_.set_http_port(static_cast<uint32_t>(http_->port()));
  *registration_.mutable_inventory() = std::move(inventory);
  registration_.set_slots(slots);
  registration_.set_version(kVersion);

  AttachOptions attach;
  attach.dial = [this] { return MakeChannel(options_.security, options_.coordinator); };
  BB_RETURN_IF_ERROR(attach.dial().status());
  absl::MutexLock lock(&mutex_);
  client_ = std::make_shared<AttachClient>(std::move(attach), clock_, this);
  return absl::OkStatus();
}

absl::Status Worker::ServeLaunches() {
  launches_ = std::make_unique<LaunchService>(*attempts_);
  grpc::ServerBuilder builder;
  BB_RETURN_IF_ERROR(ConfigureServer(options_.security, options_.listen, builder, &launch_port_));
  builder.RegisterService(launches_.get());
  server_ = builder.BuildAndStart();
  if (server_ == nullptr || launch_port_ == 0) {
    return absl::UnavailableError(absl::StrCat("cannot listen for launches on ", options_.listen));
  }
  return absl::OkStatus();
}

absl::Status Worker::ServeHttp() {
  BB_ASSIGN_OR_RETURN(const HttpOptions http, ParseHttp(options_.http));
  BB_ASSIGN_OR_RETURN(http_, HttpEndpoint::Start(http));
  metrics_.OnScrape([this] { RefreshMetrics(); });
  ServeStandardPages(
      metrics_, [this] { return Ready(); }, *http_);
  return absl::OkStatus();
}

Worker::~Worker() {
  std::shared_ptr<AttachClient> client;
  {
    absl::MutexLock lock(&mutex_);
    client = std::move(client_);
  }
  if (client != nullptr) client->Stop();
  if (http_ != nullptr) http_->Stop();
  if (attempts_ != nullptr) attempts_->AbortAllBut({}, AbortKind::kDisowned, "the daemon ends");
  // Launch calls end with their attempts.
  if (server_ != nullptr) server_->Shutdown(absl::ToChronoTime(absl::Now() + absl::Seconds(20)));
  server_.reset();
  attempts_.reset();
  checks_.reset();
  checker_.reset();
}

absl::Status Worker::Ready() const {
  absl::MutexLock lock(&mutex_);
  if (client_ != nullptr && client_->attached()) return absl::OkStatus();
  return absl::UnavailableError(
      absl::StrCat("not attached to the coordinator ", options_.coordinator));
}

void Worker::RefreshMetrics() {
  probe_.SetLeaseHeld(Ready().ok());
  probe_.SetSlotsUsed(attempts_->slots_used());
  probe_.SetUnacknowledged(outbox_->Pending().size());
}

absl::Status Worker::refusal() const {
  absl::MutexLock lock(&mutex_);
  return refusal_;
}

void Worker::Drain() {
  attempts_->Close(absl::StrCat("worker ", options_.name, " is leaving"));
  {
    absl::MutexLock lock(&mutex_);
    draining_ = true;
  }
  v1::AttachRequest message;
  message.mutable_draining();
  Send(std::move(message));
}

void Worker::AbortAll(const std::string& reason) {
  attempts_->AbortAllBut({}, AbortKind::kLeaving, reason);
}

void Worker::Flush(absl::Duration patience) {
  std::shared_ptr<AttachClient> client;
  {
    absl::MutexLock lock(&mutex_);
    client = client_;
  }
  const absl::Time deadline = absl::Now() + patience;
  if (client != nullptr) client->Flush(deadline);
  while (client != nullptr && client->attached() && !outbox_->Pending().empty() &&
         absl::Now() < deadline) {
    absl::SleepFor(absl::Milliseconds(10));
  }
}

}  // namespace basisbench
