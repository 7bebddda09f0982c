// Reads one answer. Seen by https_client.cc only. One answer, one thread.
#pragma once
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include "channels/https_client.h"

namespace suanpan::channels {

namespace beast = boost::beast;
namespace http = beast::http;
using boost::system::error_code;

constexpr int kMaxInterimAnswers = 8;  ///< 1xx before the answer

/// Reads one answer, straight from Beast's parser. What reaches `head` stops at the empty line:
/// trailers come unannounced and are dropped.
class AnswerReader {
 public:
  explicit AnswerReader(const HttpsClientOptions& options, bool head_request)
      : options_(options), head_request_(head_request) {
    next_answer();
  }

  bool done() const { return done_; }
  bool got_some() const { return got_some_; }
  bool keep_alive() const { return parser_->keep_alive(); }
  HttpResponse take() {
    answer_.body = std::move(parser_->get().body());
    return std::move(answer_);
  }

  /// Takes from the buffer what it can. An error ends the reading.
  Result<void> consume(beast::flat_buffer& buffer) {
    while (!done_ && buffer.size() > 0) {
      got_some_ = true;
      const bool in_head = !parser_->is_header_done();
      error_code error;
      const std::size_t used = parser_->put(buffer.cdata(), error);
      buffer.consume(used);
      if (in_head) head_bytes_ += used;
      // Beast's own limit holds for one unfinished field only; this one for all of them together.
      const std::size_t unread_head = parser_->is_header_done() ? 0 : buffer.size();
      if (head_bytes_ + unread_head > options_.max_response_head_bytes ||
          error == http::error::header_limit)
        return fail(Errc::kTooLarge, "answer's head is larger than {} bytes",
                    options_.max_response_head_bytes);
      if (error == http::error::body_limit)
        return fail(Errc::kTooLarge, "answer's body is larger than {} bytes",
                    options_.max_response_body_bytes);
      if (error && error != http::error::need_more)
        return fail(Errc::kIo, "answer is not well-formed HTTP: {}", error.message());
      if (in_head && parser_->is_header_done()) {
        TRY(end_head());
      }
      done_ = parser_->is_done();
      if (error == http::error::need_more) {
        if (parser_->is_header_done() && buffer.size() > options_.max_response_head_bytes)
          return fail(Errc::kTooLarge, "answer has a chunk header or trailers too long");
        break;
      }
    }
    return success();
  }

  /// The stream has ended. `cleanly` is false if TLS was cut without a close_notify.
  Result<void> end(bool cleanly) {
    error_code error = http::error::partial_message;
    if (got_some_ && cleanly) parser_->put_eof(error);
    if (error) return fail(Errc::kIo, "connection ended before the answer was complete");
    done_ = true;
    return success();
  }

 private:
  using Parser = http::response_parser<http::string_body>;

  void next_answer() {
    parser_.emplace();
    parser_->header_limit(static_cast<std::uint32_t>(options_.max_response_head_bytes));
    parser_->body_limit(options_.max_response_body_bytes);
    parser_->skip(head_request_);
    head_bytes_ = 0;
  }

  Result<void> end_head() {
    const auto& head = parser_->get();
    answer_.status = static_cast<int>(head.result_int());
    if (answer_.status == 101) return fail(Errc::kIo, "answer switches protocols unasked");
    if (answer_.status < 200) {
      if (++interim_ > kMaxInterimAnswers) return fail(Errc::kIo, "too many interim answers");
      next_answer();
      return success();
    }
    for (const auto& field : head) {
      const auto name = field.name_string(), value = field.value();
      answer_.headers.add({name.data(), name.size()}, {value.data(), value.size()});
    }
    parser_->eager(true);
    return success();
  }

  const HttpsClientOptions& options_;
  const bool head_request_;
  std::optional<Parser> parser_;
  HttpResponse answer_;
  std::size_t head_bytes_ = 0;
  int interim_ = 0;
  bool got_some_ = false;
  bool done_ = false;
};

}  // namespace suanpan::channels
