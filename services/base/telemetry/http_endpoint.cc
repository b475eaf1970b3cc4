// SPDX-License-Identifier: Apache-2.0
#include "services/base/telemetry/http_endpoint.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "civetweb.h"
#include "services/base/log.h"
#include "services/base/telemetry/gzip.h"

namespace basisbench {
namespace {

// Threads beyond the event streams: each connection holds one.
constexpr int kRequestThreads = 8;
// A client that neither reads nor writes for this long is dropped.
constexpr char kTimeoutMs[] = "5000";
// Request line and headers together; civetweb itself takes at most 64 headers.
constexpr char kMaxRequestBytes[] = "16384";
constexpr int64_t kMaxBodyBytes = 1 << 20;
constexpr size_t kMinCompressedBytes = 512;

using Handler = std::function<HttpResponse(const HttpRequest&)>;
using EventHandler = std::function<void(const HttpRequest&, EventSink&)>;

std::string Decoded(absl::string_view text) {
  std::string out(text.size() + 1, '\0');
  const int length = mg_url_decode(text.data(), static_cast<int>(text.size()), out.data(),
                                   static_cast<int>(out.size()), /*is_form_url_encoded=*/1);
  out.resize(std::max(length, 0));
  return out;
}

HttpRequest ReadRequest(const mg_request_info& info) {
  HttpRequest request;
  request.method = info.request_method != nullptr ? info.request_method : "";
  request.path = info.local_uri != nullptr ? info.local_uri : "";
  for (int i = 0; i < info.num_headers; ++i) {
    request.headers[absl::AsciiStrToLower(info.http_headers[i].name)] = info.http_headers[i].value;
  }
  const absl::string_view query = info.query_string != nullptr ? info.query_string : "";
  for (absl::string_view pair : absl::StrSplit(query, '&', absl::SkipEmpty())) {
    const std::pair<absl::string_view, absl::string_view> parts =
        absl::StrSplit(pair, absl::MaxSplits('=', 1));
    request.query[Decoded(parts.first)] = Decoded(parts.second);
  }
  return request;
}

std::string HeaderOf(const HttpRequest& request, const std::string& name) {
  const auto it = request.headers.find(name);
  return it == request.headers.end() ? "" : it->second;
}

HttpResponse Error(int status, std::string message) {
  HttpResponse response;
  response.status = status;
  response.body = std::move(message) + "\n";
  return response;
}

void Compress(const HttpRequest& request, HttpResponse* response) {
  if (response->body.size() < kMinCompressedBytes || !IsCompressible(response->content_type) ||
      response->headers.count("Content-Encoding") > 0) {
    return;
  }
  response->headers["Vary"] = "Accept-Encoding";
  if (!AcceptsGzip(HeaderOf(request, "accept-encoding"))) return;
  std::string packed = Gzip(response->body);
  if (packed.empty()) return;
  response->body = std::move(packed);
  response->headers["Content-Encoding"] = "gzip";
}

// Writes the answer; returns its status, as civetweb wants.
int Write(mg_connection* connection, const HttpRequest& request, HttpResponse response) {
  Compress(request, &response);
  std::string head = absl::StrCat("HTTP/1.1 ", response.status, " ",
                                  mg_get_response_code_text(connection, response.status),
                                  "\r\nContent-Type: ", response.content_type,
                                  "\r\nX-Content-Type-Options: nosniff\r\nConnection: close\r\n");
  if (response.status != 304)
    absl::StrAppend(&head, "Content-Length: ", response.body.size(), "\r\n");
  if (response.headers.count("Cache-Control") == 0) head += "Cache-Control: no-store\r\n";
  for (const auto& [name, value] : response.headers)
    absl::StrAppend(&head, name, ": ", value, "\r\n");
  head += "\r\n";
  if (request.method != "HEAD" && response.status != 304) head += response.body;
  mg_write(connection, head.data(), head.size());
  return response.status;
}

// Connects and hangs up, and waits a little.
void WakeListener(const std::string& address, int port) {
  sockaddr_in target{};
  target.sin_family = AF_INET;
  target.sin_port = htons(static_cast<uint16_t>(port));
  inet_pton(AF_INET, address.c_str(), &target.sin_addr);  // 0.0.0.0 reaches this host, too
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd >= 0) {
    ::connect(fd, reinterpret_cast<sockaddr*>(&target), sizeof(target));
    pollfd connecting{fd, POLLOUT, 0};
    ::poll(&connecting, 1, 20);
    ::close(fd);
  }
  absl::SleepFor(absl::Milliseconds(5));
}

// Sends to one client until it goes or the endpoint stops.
class ConnectionSink : public EventSink {
 public:
  ConnectionSink(mg_connection* connection, const std::atomic<bool>& stopping)
      : connection_(connection), stopping_(stopping) {}

  bool Send(absl::string_view event, absl::string_view json, absl::string_view id) override {
    if (stopping_ || gone_) return false;
    std::string text;
    if (event.empty()) {
      text = ": keep-alive\n\n";
    } else {
      if (!id.empty()) absl::StrAppend(&text, "id: ", id, "\n");
      absl::StrAppend(&text, "event: ", event, "\n");
      for (absl::string_view line : absl::StrSplit(json, '\n'))
        absl::StrAppend(&text, "data: ", line, "\n");
      text += "\n";
    }
    gone_ = mg_write(connection_, text.data(), text.size()) != static_cast<int>(text.size());
    return !gone_;
  }

 private:
  mg_connection* connection_;
  const std::atomic<bool>& stopping_;
  bool gone_ = false;
};

// Registered paths with what answers them. Thread-safe.
template <typename T>
class Routes {
 public:
  void Add(std::string path, T handler) {
    std::lock_guard lock(mutex_);
    routes_[std::move(path)] = std::make_shared<const T>(std::move(handler));
  }

  // The exact path, else the longest registered prefix that ends in '/'; null when there is none.
  std::shared_ptr<const T> Find(const std::string& path) const {
    std::lock_guard lock(mutex_);
    const auto exact = routes_.find(path);
    if (exact != routes_.end()) return exact->second;
    std::shared_ptr<const T> best;
    for (const auto& [prefix, handler] : routes_) {  // sorted: a longer match comes later
      if (absl::EndsWith(prefix, "/") && prefix.size() > 1 && absl::StartsWith(path, prefix))
        best = handler;
    }
    return best;
  }

 private:
  mutable std::mutex mutex_;
  std::map<std::string, std::shared_ptr<const T>> routes_;
};

class CivetwebEndpoint : public HttpEndpoint {
 public:
  explicit CivetwebEndpoint(const HttpOptions& options) : options_(options) {}
  ~CivetwebEndpoint() override { Stop(); }

  absl::Status Listen();
  int port() const override { return port_; }
  void Handle(std::string path, Handler handler) override {
    handlers_.Add(std::move(path), std::move(handler));
  }
  void HandleEvents(std::string path, EventHandler handler) override {
    event_handlers_.Add(std::move(path), std::move(handler));
  }
  void Stop() override;

 private:
  static int OnRequest(mg_connection* connection);
  static int OnLog(const mg_connection* connection, const char* message);
  int Serve(mg_connection* connection);
  int ServeEvents(mg_connection* connection, const HttpRequest& request,
                  const EventHandler& handler);

  const HttpOptions options_;
  Routes<Handler> handlers_;
  Routes<EventHandler> event_handlers_;
  std::atomic<int> event_streams_{0};
  std::atomic<bool> stopping_{false};
  int port_ = 0;
  std::mutex stop_mutex_;
  mg_context* context_ = nullptr;
};

absl::Status CivetwebEndpoint::Listen() {
  in_addr parsed{};
  if (inet_pton(AF_INET, options_.address.c_str(), &parsed) != 1) {
    return absl::InvalidArgumentError(
        absl::StrCat("HTTP address '", options_.address, "' is not an IPv4 address"));
  }
  if (options_.port < 0 || options_.port > 65535) {
    return absl::InvalidArgumentError(
        absl::StrCat("HTTP port ", options_.port, " is not in 0..65535"));
  }
  const std::string listening = absl::StrCat(options_.address, ":", options_.port);
  const std::string threads =
      absl::StrCat(std::max(options_.max_event_streams, 0) + kRequestThreads);
  const char* settings[] = {"listening_ports",
                            listening.c_str(),
                            "num_threads",
                            threads.c_str(),
                            "request_timeout_ms",
                            kTimeoutMs,
                            "max_request_size",
                            kMaxRequestBytes,
                            "enable_keep_alive",
                            "no",
                            "tcp_nodelay",
                            "1",
                            nullptr};
  mg_callbacks callbacks{};
  callbacks.begin_request = &OnRequest;
  callbacks.log_message = &OnLog;
  context_ = mg_start(&callbacks, this, settings);
  if (context_ == nullptr) {
    return absl::UnavailableError(absl::StrCat("cannot listen for HTTP on ", listening));
  }
  mg_server_port ports[1] = {};
  if (mg_get_server_ports(context_, 1, ports) != 1) {
    return absl::InternalError(absl::StrCat("no port known for HTTP on ", listening));
  }
  port_ = ports[0].port;
  return absl::OkStatus();
}

void CivetwebEndpoint::Stop() {
  stopping_ = true;
  std::lock_guard lock(stop_mutex_);
  if (context_ == nullptr) return;
  // civetweb looks at its stop flag only every two seconds, or when somebody connects.
  std::atomic<bool> stopped{false};
  std::thread waker([this, &stopped] {
    while (!stopped) WakeListener(options_.address, port_);
  });
  mg_stop(context_);  // waits for the handlers
  stopped = true;
  waker.join();
  context_ = nullptr;
}

int CivetwebEndpoint::OnLog(const mg_connection* connection, const char* message) {
  Log(LogLevel::kDebug, "http", message);
  return 1;
}

int CivetwebEndpoint::OnRequest(mg_connection* connection) {
  auto* self = static_cast<CivetwebEndpoint*>(mg_get_user_data(mg_get_context(connection)));
  try {
    return self->Serve(connection);
  } catch (const std::exception& error) {
    Log(LogLevel::kError, "http", "handler failed", {{"error", error.what()}});
  } catch (...) {
    Log(LogLevel::kError, "http", "handler failed");
  }
  return Write(connection, HttpRequest{}, Error(500, "internal error"));
}

int CivetwebEndpoint::Serve(mg_connection* connection) {
  const mg_request_info& info = *mg_get_request_info(connection);
  const HttpRequest request = ReadRequest(info);
  if (info.content_length > kMaxBodyBytes)
    return Write(connection, request, Error(413, "body above 1 MiB"));
  if (request.method != "GET" && request.method != "HEAD") {
    HttpResponse response = Error(405, "only GET and HEAD");
    response.headers["Allow"] = "GET, HEAD";
    return Write(connection, request, std::move(response));
  }
  if (const auto events = event_handlers_.Find(request.path); events != nullptr) {
    return ServeEvents(connection, request, *events);
  }
  if (const auto handler = handlers_.Find(request.path); handler != nullptr) {
    return Write(connection, request, (*handler)(request));
  }
  return Write(connection, request, Error(404, "not found"));
}

int CivetwebEndpoint::ServeEvents(mg_connection* connection, const HttpRequest& request,
                                  const EventHandler& handler) {
  struct Slot {
    explicit Slot(std::atomic<int>& counter) : count(counter), taken(++counter) {}
    ~Slot() { --count; }
    std::atomic<int>& count;
    const int taken;
  };
  const Slot slot(event_streams_);
  if (slot.taken > options_.max_event_streams) {
    HttpResponse response =
        Error(503, absl::StrCat("already ", options_.max_event_streams, " event streams"));
    response.headers["Retry-After"] = "5";
    return Write(connection, request, std::move(response));
  }
  constexpr absl::string_view kHead =
      "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-store\r\n"
      "X-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n";
  mg_write(connection, kHead.data(), kHead.size());
  if (request.method == "HEAD") return 200;
  ConnectionSink sink(connection, stopping_);
  handler(request, sink);
  return 200;
}

}  // namespace

absl::StatusOr<std::unique_ptr<HttpEndpoint>> HttpEndpoint::Start(const HttpOptions& options) {
  auto endpoint = std::make_unique<CivetwebEndpoint>(options);
  const absl::Status listening = endpoint->Listen();
  if (!listening.ok()) return listening;
  return std::unique_ptr<HttpEndpoint>(std::move(endpoint));
}

}  // namespace basisbench
