// SPDX-License-Identifier: Apache-2.0
#include "services/coordinator/web/json_routes.h"

#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "google/protobuf/util/json_util.h"
#include "nlohmann/json.hpp"
#include "services/base/status_macros.h"

namespace basisbench {
namespace {

constexpr int kMaxWorkers = 100000;

int HttpStatus(absl::StatusCode code) {
  switch (code) {
    case absl::StatusCode::kInvalidArgument:
      return 400;
    case absl::StatusCode::kNotFound:
      return 404;
    case absl::StatusCode::kResourceExhausted:
      return 429;
    case absl::StatusCode::kUnavailable:
      return 503;
    case absl::StatusCode::kDeadlineExceeded:
      return 504;
    default:
      return 500;
  }
}

// Request values come back in messages and may be any bytes.
std::string Dump(const nlohmann::json& json) {
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

HttpResponse JsonResponse(std::string body) {
  HttpResponse response;
  response.content_type = "application/json";
  response.body = std::move(body);
  return response;
}

HttpResponse ErrorResponse(const absl::Status& status) {
  const nlohmann::json error = {{"code", absl::StatusCodeToString(status.code())},
                                {"message", std::string(status.message())}};
  HttpResponse response = JsonResponse(Dump({{"error", error}}));
  response.status = HttpStatus(status.code());
  return response;
}

template <typename T>
HttpResponse Answer(const absl::StatusOr<T>& message) {
  return message.ok() ? JsonResponse(ToJson(*message)) : ErrorResponse(message.status());
}

std::string QueryValue(const HttpRequest& request, const std::string& key) {
  const auto it = request.query.find(key);
  return it == request.query.end() ? "" : it->second;
}

absl::StatusOr<uint32_t> PageSize(const HttpRequest& request) {
  const std::string text = QueryValue(request, "page_size");
  uint32_t size = 0;
  if (!text.empty() && !absl::SimpleAtoi(text, &size)) {
    return absl::InvalidArgumentError(absl::StrCat("page_size: '", text, "' is not a number"));
  }
  return size;
}

absl::StatusOr<std::vector<v1::JobState>> States(const HttpRequest& request) {
  std::vector<v1::JobState> states;
  const std::string text = QueryValue(request, "states");
  for (absl::string_view name : absl::StrSplit(text, ',', absl::SkipEmpty())) {
    v1::JobState state;
    if (!v1::JobState_Parse(absl::StrCat("JOB_STATE_", absl::AsciiStrToUpper(name)), &state)) {
      return absl::InvalidArgumentError(absl::StrCat(
          "states: no state '", name, "'; have: queued, running, succeeded, failed, cancelled"));
    }
    states.push_back(state);
  }
  return states;
}

absl::StatusOr<v1::ListJobsResponse> Jobs(JobDirectory& directory, const HttpRequest& request) {
  v1::ListJobsRequest list;
  BB_ASSIGN_OR_RETURN(const uint32_t size, PageSize(request));
  BB_ASSIGN_OR_RETURN(const std::vector<v1::JobState> states, States(request));
  list.set_page_size(size);
  list.set_page_token(QueryValue(request, "page_token"));
  for (v1::JobState state : states) list.add_states(state);
  return directory.ListJobs(list);
}

absl::StatusOr<v1::ListResultsResponse> Results(JobDirectory& directory, const std::string& job_id,
                                                const HttpRequest& request) {
  v1::ListResultsRequest list;
  BB_ASSIGN_OR_RETURN(const uint32_t size, PageSize(request));
  list.set_job_id(job_id);
  list.set_page_size(size);
  list.set_page_token(QueryValue(request, "page_token"));
  list.set_omit_samples(QueryValue(request, "samples") != "1");
  return directory.ListResults(list);
}

HttpResponse OneJob(JobDirectory& directory, const HttpRequest& request) {
  const std::vector<std::string> parts =
      absl::StrSplit(request.path.substr(std::string("/api/v1/jobs/").size()), '/');
  if (parts.size() == 1) return Answer(directory.GetJob(parts[0]));
  if (parts.size() == 2 && parts[1] == "results")
    return Answer(Results(directory, parts[0], request));
  return ErrorResponse(absl::NotFoundError(absl::StrCat("no page '", request.path, "'")));
}

}  // namespace

std::string ToJson(const google::protobuf::Message& message) {
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  options.always_print_primitive_fields = true;
  std::string json;
  // Fails only for messages that hold invalid UTF-8, which protobuf refuses to parse from the wire.
  if (!google::protobuf::util::MessageToJsonString(message, &json, options).ok()) return "{}";
  return json;
}

absl::StatusOr<v1::ListWorkersResponse> AllWorkers(JobDirectory& directory) {
  v1::ListWorkersResponse all;
  v1::ListWorkersRequest request;
  request.set_page_size(1000);
  do {
    BB_ASSIGN_OR_RETURN(v1::ListWorkersResponse page, directory.ListWorkers(request));
    for (v1::WorkerInfo& worker : *page.mutable_workers()) *all.add_workers() = std::move(worker);
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty() && all.workers_size() < kMaxWorkers);
  return all;
}

void ServeJson(JobDirectory& directory, HttpEndpoint& http) {
  http.Handle("/api/v1/jobs",
              [&](const HttpRequest& request) { return Answer(Jobs(directory, request)); });
  http.Handle("/api/v1/jobs/",
              [&](const HttpRequest& request) { return OneJob(directory, request); });
  http.Handle("/api/v1/workers",
              [&](const HttpRequest& request) { return Answer(AllWorkers(directory)); });
  http.Handle("/api/v1/operators", [&](const HttpRequest& request) {
    return JsonResponse(ToJson(directory.ListOperators()));
  });
  http.Handle("/api/v1/presets", [&](const HttpRequest& request) {
    v1::ListPresetsRequest list;
    list.set_name(QueryValue(request, "name"));
    return Answer(directory.ListPresets(list));
  });
}

void ServeDiscovery(JobDirectory& directory, HttpEndpoint& http) {
  http.Handle("/sd/targets", [&](const HttpRequest& request) {
    const absl::StatusOr<v1::ListWorkersResponse> workers = AllWorkers(directory);
    if (!workers.ok()) return ErrorResponse(workers.status());
    nlohmann::json groups = nlohmann::json::array();
    for (const v1::WorkerInfo& worker : workers->workers()) {
      if (worker.http_port() == 0) continue;
      groups.push_back({{"targets", {absl::StrCat(worker.address(), ":", worker.http_port())}},
                        {"labels", {{"__meta_basisbench_worker", worker.name()}}}});
    }
    return JsonResponse(Dump(groups));
  });
}

}  // namespace basisbench
