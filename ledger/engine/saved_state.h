// Writes a value to bytes and reads it back, field by field: for a state that one program keeps for
// itself (the checkpoint of `verify`), not for what others read. A struct with members of its own
// kind (strings, tables) names all of them once, by a structured binding, so that one which is
// added and forgotten does not compile.
//
// A loader that runs past its end leaves zeros and has failed().
#pragma once
#include <algorithm>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace suanpan {

class Saver {
 public:
  static constexpr bool kSaving = true;
  void raw(const void* from, std::size_t size) {
    out_.append(static_cast<const char*>(from), size);
  }
  std::string take() { return std::move(out_); }

 private:
  std::string out_;
};

class Loader {
 public:
  static constexpr bool kSaving = false;
  explicit Loader(std::string_view from) : rest_(from) {}
  void raw(void* to, std::size_t size) {
    if (size == 0) return;  // after a failure there is nothing to point at
    if (rest_.size() < size) {
      failed_ = true;
      rest_ = {};
      std::memset(to, 0, size);
      return;
    }
    std::memcpy(to, rest_.data(), size);
    rest_.remove_prefix(size);
  }
  std::size_t left() const { return rest_.size(); }
  bool failed() const { return failed_; }
  bool done() const { return !failed_ && rest_.empty(); }

 private:
  std::string_view rest_;
  bool failed_ = false;
};

template <class T>
concept PlainValue = std::is_trivially_copyable_v<T> && !std::is_pointer_v<T>;

template <class A, PlainValue T>
void walk(A& archive, T& value) {
  archive.raw(&value, sizeof value);
}

template <class A, class T>
requires requires(A& archive, T& value) { value.walk_members(archive); }
void walk(A& archive, T& value) { value.walk_members(archive); }

template <class A, class First, class Second>
void walk(A& archive, std::pair<First, Second>& value) {
  walk(archive, const_cast<std::remove_const_t<First>&>(value.first));
  walk(archive, value.second);
}

template <class A>
void walk(A& archive, std::string& text) {
  std::uint64_t size = text.size();
  walk(archive, size);
  if constexpr (!A::kSaving) {
    if (size > archive.left()) size = archive.left() + 1;  // fails below
    text.resize(size);
  }
  archive.raw(text.data(), text.size());
}

template <class A, class T>
void walk(A& archive, std::vector<T>& values) {
  std::uint64_t size = values.size();
  walk(archive, size);
  if constexpr (!A::kSaving) values.clear();
  for (std::uint64_t i = 0; i < size; ++i) {
    if constexpr (!A::kSaving) {
      if (archive.failed()) return;
      values.emplace_back();
    }
    walk(archive, values[i]);
  }
}

/// A std::map or std::unordered_map: in the order of their keys, so that one state has one form
/// whatever order a hash table keeps it in.
template <class A, class Table>
requires requires { typename Table::mapped_type; }
void walk(A& archive, Table& table) {
  std::uint64_t size = table.size();
  walk(archive, size);
  if constexpr (A::kSaving) {
    if constexpr (requires { typename Table::hasher; }) {
      std::vector<typename Table::value_type*> entries;
      entries.reserve(table.size());
      for (auto& entry : table) entries.push_back(&entry);
      std::sort(entries.begin(), entries.end(),
                [](const auto* a, const auto* b) { return a->first < b->first; });
      for (auto* entry : entries) walk(archive, *entry);
    } else {
      for (auto& entry : table) walk(archive, entry);
    }
  } else {
    table.clear();
    for (; size > 0 && !archive.failed(); --size) {
      std::pair<typename Table::key_type, typename Table::mapped_type> entry;
      walk(archive, entry);
      table.insert(std::move(entry));
    }
  }
}

}  // namespace suanpan
