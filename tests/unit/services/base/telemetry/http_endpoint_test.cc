// SPDX-License-Identifier: Apache-2.0
#include "services/base/telemetry/http_endpoint.h"

#include <zlib.h>

#include <atomic>
#include <random>
#include <stdexcept>
#include <thread>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "gtest/gtest.h"
#include "tests/fakes/http_client.h"

namespace basisbench {
namespace {

HttpResponse Text(std::string body) {
  HttpResponse response;
  response.body = std::move(body);
  return response;
}

class HttpEndpointTest : public ::testing::Test {
 protected:
  HttpEndpointTest() {
    HttpOptions options;
    options.max_event_streams = 2;
    http_ = std::move(HttpEndpoint::Start(options)).value();
    http_->Handle("/hello", [](const HttpRequest&) { return Text("hello"); });
    http_->Handle("/echo/", [](const HttpRequest& request) {
      std::string text = absl::StrCat(request.method, " ", request.path);
      for (const auto& [key, value] : request.query) absl::StrAppend(&text, " ", key, "=", value);
      return Text(text);
    });
    http_->Handle("/large", [](const HttpRequest&) { return Text(std::string(100000, 'x')); });
    http_->Handle("/throws",
                  [](const HttpRequest&) -> HttpResponse { throw std::runtime_error("no"); });
    http_->HandleEvents("/events", [](const HttpRequest&, EventSink& sink) {
      for (int i = 1; sink.Send("tick", "{\"n\":1}", absl::StrCat(i)); ++i)
        absl::SleepFor(absl::Milliseconds(10));
    });
  }

  std::unique_ptr<HttpEndpoint> http_;
};

std::string Unzipped(const std::string& packed) {
  z_stream stream{};
  EXPECT_EQ(inflateInit2(&stream, 15 + 16), Z_OK);
  std::string out(1 << 20, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(inflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  inflateEnd(&stream);
  return out;
}

TEST_F(HttpEndpointTest, AnswersAnExactPath) {
  const HttpAnswer answer = Get(http_->port(), "/hello");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "hello");
  EXPECT_EQ(Get(http_->port(), "/hello/more").status, 404);
  EXPECT_EQ(Get(http_->port(), "/").status, 404);
}

TEST_F(HttpEndpointTest, AnswersAPrefixWithDecodedPathAndQuery) {
  EXPECT_EQ(Get(http_->port(), "/echo/a%20b?k=v%26w&flag").body, "GET /echo/a b flag= k=v&w");
}

TEST_F(HttpEndpointTest, HeadHasTheLengthAndNoBody) {
  const HttpAnswer answer = Exchange(http_->port(), "HEAD /hello HTTP/1.1\r\nHost: t\r\n\r\n");
  EXPECT_EQ(answer.status, 200);
  EXPECT_TRUE(absl::StrContains(answer.head, "Content-Length: 5"));
  EXPECT_EQ(answer.body, "");
}

TEST_F(HttpEndpointTest, OtherMethodsAreRefused) {
  for (const char* method : {"POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "CONNECT"}) {
    const HttpAnswer answer = Exchange(
        http_->port(),
        absl::StrCat(method, " /hello HTTP/1.1\r\nHost: t\r\nContent-Length: 2\r\n\r\nab"));
    EXPECT_GE(answer.status, 400) << method;
    EXPECT_NE(answer.body, "hello") << method;
  }
}

TEST_F(HttpEndpointTest, CompressesOnlyWhenAsked) {
  EXPECT_EQ(Get(http_->port(), "/large").body.size(), 100000u);
  EXPECT_EQ(Get(http_->port(), "/large", "Accept-Encoding: gzip;q=0, br\r\n").body.size(), 100000u);
  const HttpAnswer packed = Get(http_->port(), "/large", "Accept-Encoding: br, gzip\r\n");
  EXPECT_TRUE(absl::StrContains(packed.head, "Content-Encoding: gzip"));
  EXPECT_LT(packed.body.size(), 5000u);
  EXPECT_EQ(Unzipped(packed.body), std::string(100000, 'x'));
}

TEST_F(HttpEndpointTest, AThrowingHandlerIsA500AndTheEndpointLivesOn) {
  EXPECT_EQ(Get(http_->port(), "/throws").status, 500);
  EXPECT_EQ(Get(http_->port(), "/hello").status, 200);
}

TEST_F(HttpEndpointTest, ALargeBodyIsRefused) {
  const HttpAnswer answer =
      Exchange(http_->port(), "GET /hello HTTP/1.1\r\nHost: t\r\nContent-Length: 2000000\r\n\r\n" +
                                  std::string(2000000, 'b'));
  EXPECT_NE(answer.status, 200);
  EXPECT_EQ(Get(http_->port(), "/hello").status, 200);
}

TEST_F(HttpEndpointTest, StreamsEventsUntilTheClientGoes) {
  HttpClient client(http_->port());
  client.SendBytes("GET /events HTTP/1.1\r\nHost: t\r\n\r\n");
  const std::string text = client.ReadUntil("id: 3\n");
  EXPECT_TRUE(absl::StrContains(text, "Content-Type: text/event-stream"));
  EXPECT_TRUE(absl::StrContains(text, "id: 2\nevent: tick\ndata: {\"n\":1}\n\n")) << text;
}

TEST_F(HttpEndpointTest, RefusesMoreEventStreamsThanAllowedAndFreesThemAgain) {
  {
    HttpClient first(http_->port());
    HttpClient second(http_->port());
    for (HttpClient* client : {&first, &second}) {
      client->SendBytes("GET /events HTTP/1.1\r\nHost: t\r\n\r\n");
      client->ReadUntil("event: tick");
    }
    EXPECT_EQ(Get(http_->port(), "/events").status, 503);
    EXPECT_EQ(Get(http_->port(), "/hello").status, 200);
  }
  // The handlers notice at their next Send that the clients have gone.
  const absl::Time deadline = absl::Now() + absl::Seconds(10);
  int status = 503;
  while (status == 503 && absl::Now() < deadline) {
    HttpClient client(http_->port());
    client.SendBytes("GET /events HTTP/1.1\r\nHost: t\r\n\r\n");
    const std::string text = client.ReadUntil("\r\n\r\n");
    status = std::atoi(text.c_str() + 9);
  }
  EXPECT_EQ(status, 200);
}

TEST_F(HttpEndpointTest, StopEndsEventStreamsAndIsIdempotent) {
  HttpClient client(http_->port());
  client.SendBytes("GET /events HTTP/1.1\r\nHost: t\r\n\r\n");
  client.ReadUntil("event: tick");
  const int port = http_->port();
  http_->Stop();
  http_->Stop();
  EXPECT_FALSE(HttpClient(port).connected());
}

TEST_F(HttpEndpointTest, StopDoesNotWaitForAClientThatSendsNothing) {
  HttpClient silent(http_->port());
  HttpClient half(http_->port());
  half.SendBytes("GET /hello HT");
  http_->Stop();
}

TEST_F(HttpEndpointTest, SurvivesHostileBytes) {
  const std::string requests[] = {
      "\r\n\r\n",
      "GET\r\n\r\n",
      std::string(64, '\0') + "\r\n\r\n",
      "GET /hello\r\n\r\n",
      "GET /hello HTTP/9.9\r\n\r\n",
      "GET /../../../../etc/passwd HTTP/1.1\r\nHost: t\r\n\r\n",
      "GET /%2e%2e/%2e%2e/etc/passwd HTTP/1.1\r\nHost: t\r\n\r\n",
      "GET /%00%ff%zz HTTP/1.1\r\nHost: t\r\n\r\n",
      "GET /echo/%ff%fe?%ff=%zz&&&=== HTTP/1.1\r\nHost: t\r\n\r\n",
      "GET http://elsewhere/hello HTTP/1.1\r\nHost: t\r\n\r\n",
      "GET /" + std::string(100000, 'a') + " HTTP/1.1\r\nHost: t\r\n\r\n",
      "GET /hello HTTP/1.1\r\nHost: t\r\nContent-Length: -5\r\n\r\n",
      "GET /hello HTTP/1.1\r\nHost: t\r\nContent-Length: 99999999999999999999\r\n\r\n",
      "GET /hello HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\nzzz\r\n",
      "GET /hello HTTP/1.1\r\nHost: t\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
      "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
      "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"};
  for (const std::string& request : requests) {
    HttpClient client(http_->port());
    client.SendBytes(request);
    client.ReadUntil("\r\n");
    EXPECT_EQ(Get(http_->port(), "/hello").body, "hello") << "after: " << request.substr(0, 60);
  }
  std::string many_headers = "GET /hello HTTP/1.1\r\n";
  for (int i = 0; i < 5000; ++i) absl::StrAppend(&many_headers, "H", i, ": v\r\n");
  EXPECT_NE(Exchange(http_->port(), many_headers + "\r\n").body, "hello");
  EXPECT_EQ(Get(http_->port(), "/hello").body, "hello");
}

TEST_F(HttpEndpointTest, SurvivesRandomBytes) {
  std::mt19937 random(7);
  for (int i = 0; i < 200; ++i) {
    std::string bytes = i % 2 == 0 ? "" : "GET /hello HTTP/1.1\r\n";
    const size_t length = random() % 400;
    for (size_t k = 0; k < length; ++k) bytes.push_back(static_cast<char>(random()));
    HttpClient client(http_->port());
    client.SendBytes(bytes);
  }
  EXPECT_EQ(Get(http_->port(), "/hello").body, "hello");
}

TEST_F(HttpEndpointTest, AnswersManyClientsAtOnce) {
  std::atomic<int> good{0};
  std::vector<std::thread> clients;
  for (int i = 0; i < 32; ++i) {
    clients.emplace_back([&] {
      for (int k = 0; k < 5; ++k) good += Get(http_->port(), "/hello").body == "hello" ? 1 : 0;
    });
  }
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(good, 160);
}

TEST(HttpEndpointStart, SaysWhereItCannotListen) {
  auto first = HttpEndpoint::Start({}).value();
  HttpOptions taken;
  taken.port = first->port();
  const auto second = HttpEndpoint::Start(taken);
  EXPECT_EQ(second.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_TRUE(absl::StrContains(second.status().message(), absl::StrCat("127.0.0.1:", taken.port)));
  for (const char* address : {"nonsense", "::1", "1.2.3.4,5.6.7.8", ""}) {
    HttpOptions bad;
    bad.address = address;
    EXPECT_EQ(HttpEndpoint::Start(bad).status().code(), absl::StatusCode::kInvalidArgument)
        << address;
  }
}

}  // namespace
}  // namespace basisbench
