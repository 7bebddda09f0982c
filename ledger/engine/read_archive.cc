#include "ledger/engine/read_archive.h"

#include <chrono>

#include "ledger/base/file.h"

namespace suanpan {
namespace {

namespace fs = std::filesystem;

Result<ArchiveCheckpoint> read_checkpoint(const fs::path& path) {
  TRY(const auto text, read_file(path));
  const std::string name = path.filename().string();
  auto checkpoint = ArchiveCheckpoint::parse(text);
  if (!checkpoint) return fail(checkpoint.error().code, "{}: {}", name, checkpoint.error().message);
  if (checkpoint_name(checkpoint.value().seq) != name)
    return fail(Errc::kCorrupt, "{}: it is signed for entry {}", name, checkpoint.value().seq);
  return checkpoint;
}

}  // namespace

Result<ArchiveReader> ArchiveReader::open(const fs::path& folder) {
  ArchiveReader reader;
  reader.folder_ = folder;
  std::vector<std::uint64_t> seqs;
  std::uint32_t last_file = 0;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    const std::string name = entry.path().filename().string();
    if (const auto seq = checkpoint_seq(name)) seqs.push_back(*seq);
    if (const auto number = archive_file_number(name)) {
      ++reader.files_;
      last_file = std::max(last_file, *number);
    }
  }
  if (error && error != std::errc::no_such_file_or_directory)
    return fail(Errc::kIo, "{}: {}", folder.string(), error.message());
  if (seqs.empty()) return fail(Errc::kNotFound, "{}: there is no whole archive", folder.string());
  std::sort(seqs.begin(), seqs.end());
  for (const std::uint64_t seq : seqs) {
    TRY(auto checkpoint, read_checkpoint(folder / checkpoint_name(seq)));
    reader.checkpoints_.push_back(std::move(checkpoint));
  }
  for (std::uint32_t number = 1; number <= last_file; ++number)
    if (!fs::exists(folder / archive_file_name(number)))
      return fail(Errc::kCorrupt, "{}: it is missing", archive_file_name(number));
  if (reader.files_ == 0) return fail(Errc::kCorrupt, "{}: it is missing", archive_file_name(1));
  return reader;
}

Result<BlockPtr> ArchiveReader::block_of(std::uint64_t seq) {
  for (auto it = cache_.begin(); it != cache_.end(); ++it)
    if (seq >= (*it)->first_seq() && seq <= (*it)->last_seq()) {
      cache_.splice(cache_.begin(), cache_, it);
      return cache_.front();
    }
  const auto file = std::lower_bound(
      read_.begin(), read_.end(), seq,
      [](const ArchiveFileFacts& facts, std::uint64_t s) { return facts.last_seq < s; });
  const auto after = std::upper_bound(
      places_.begin(), places_.end(), seq,
      [](std::uint64_t s, const BlockPlace& place) { return s < place.first_seq; });
  if (file == read_.end() || after == places_.begin())
    return fail(Errc::kCorrupt, "journal entry {} is missing in the archive", seq);
  TRY(auto block, ArchiveFile::read_block(folder_ / archive_file_name(file->number),
                                          std::prev(after)->in_file));
  if (seq < block->first_seq() || seq > block->last_seq())
    return fail(Errc::kCorrupt, "journal entry {} is missing in the archive", seq);
  cache_.push_front(block);
  if (cache_.size() > kCachedBlocks) cache_.pop_back();
  return block;
}

Result<std::list<ArchiveReader::Judged>> ArchiveReader::roots_to_judge(
    std::string_view given) const {
  std::list<Judged> all;
  for (const ArchiveCheckpoint& checkpoint : checkpoints_) {
    std::optional<RootVerifier> keys;
    if (!given.empty()) {
      TRY(keys, RootVerifier::from_pem(given));
    }
    TRY(auto roots, checkpoint.roots());
    RootJudge judge(checkpoint.book, roots, std::move(keys));
    all.push_back({checkpoint, std::move(roots), std::move(judge)});
  }
  return all;
}

Fault ArchiveReader::judge_checkpoint(Judged& judged, const JournalAudit& journal) {
  const ArchiveCheckpoint& c = judged.checkpoint;
  const std::string name = checkpoint_name(c.seq);
  const std::string expected = checkpoint_body(book(), journal, facts_, read_, judged.roots);
  if (Fault f = c.difference(expected)) return f;
  if (c.book != book() || c.hash != journal.last_hash())
    return fmt::format("{}: it is signed for another book or journal", name);
  if (sha256(c.body) != c.digest) return fmt::format("{}: its SHA-256 does not hold", name);
  if (const auto what = judged.judge.judge(c.message(), c.signatures))
    return fmt::format("{}: {}", name, *what);
  if (judged.judge.due())
    return fmt::format("{}: the root of the day that its last block cut is missing", name);
  if (Fault f = judged.judge.finish(journal.audit())) return fmt::format("{}: {}", name, *f);
  if (Fault f = journal.audit().finish()) return fmt::format("{}: {}", name, *f);
  roots_judged_ = judged.judge.judged();
  return {};
}

Result<Fault> ArchiveReader::judge_file(const ArchiveFile& file, const JournalAudit& journal,
                                        const Take& take, std::list<Judged>& checkpoints) {
  const ArchiveFileFacts& facts = file.facts();
  const std::string name = archive_file_name(static_cast<std::uint32_t>(read_.size() + 1));
  if (facts.number != read_.size() + 1) return Fault(name + ": it has another number");
  if (facts.book != book()) return Fault(name + ": it is of another book");
  if (facts.first_seq != journal.audit().last_seq() + 1 ||
      facts.previous_hash != journal.last_hash())
    return Fault(fmt::format("{}: it does not follow entry {}", name, journal.audit().last_seq()));
  read_.push_back(facts);
  for (std::size_t i = 0; i < file.size(); ++i) {
    TRY(auto block, file.block(i));
    places_.push_back({block->first_seq(), file.place(i)});
    TRY(auto fault, take(block));
    if (fault) return Fault(name + ": " + *fault);
    facts_.take(*block);
    for (Judged& judged : checkpoints)
      if (Fault f = judged.judge.take(*block, journal.audit()))
        return Fault(checkpoint_name(judged.checkpoint.seq) + ": " + *f);
  }
  if (facts.last_seq != journal.audit().last_seq() || facts.last_hash != journal.last_hash())
    return Fault(name + ": it does not end where it says");
  return Fault{};
}

Result<Fault> ArchiveReader::judge_whole_part(const JournalAudit& journal, const Take& take,
                                              std::string_view given, const Held& held) {
  TRY(auto checkpoints, roots_to_judge(given));
  for (std::uint32_t number = 1; number <= files_ && !checkpoints.empty(); ++number) {
    TRY(auto read, ArchiveFile::read(folder_ / archive_file_name(number)));
    TRY(auto fault, judge_file(read, journal, take, checkpoints));
    if (fault) return fault;
    while (!checkpoints.empty() && checkpoints.front().checkpoint.seq == read.facts().last_seq) {
      if (Fault f = judge_checkpoint(checkpoints.front(), journal)) return f;
      if (held) held(checkpoints.front().checkpoint);
      checkpoints.pop_front();
    }
  }
  if (!checkpoints.empty())
    return Fault(fmt::format("{}: no file ends there, the last one ends at entry {}",
                             checkpoint_name(checkpoints.front().checkpoint.seq),
                             journal.audit().last_seq()));
  return Fault{};
}

Result<Fault> ArchiveReader::judge(const JournalAudit& journal, const Take& take,
                                   std::string_view given) {
  TRY(auto fault, judge_whole_part(journal, take, given));
  if (fault) return fault;
  if (read_.size() < files_)
    return Fault(
        fmt::format("{}: no checkpoint holds it; archiving was cut short, and goes on "
                    "when it is called again",
                    archive_file_name(files_)));
  return Fault{};
}

Result<VerifyReport> verify_archive(const fs::path& folder, const VerifyOptions& options) {
  const auto begin = std::chrono::steady_clock::now();
  VerifyReport report;
  const auto ended = [&](Fault fault) {
    report.ok = !fault;
    report.first_fault = fault.value_or("");
    report.took_ms = std::chrono::duration_cast<std::chrono::milliseconds>(
                         std::chrono::steady_clock::now() - begin)
                         .count();
    return report;
  };
  auto opened = ArchiveReader::open(folder);
  if (!opened && opened.error().code == Errc::kCorrupt) return ended(opened.error().message);
  if (!opened) return opened.error();
  ArchiveReader& reader = opened.value();
  JournalAudit journal([&](std::uint64_t seq) { return reader.block_of(seq); });
  const auto take = [&](const BlockPtr& block) -> Result<Fault> {
    TRY(auto fault, journal.take(*block));
    if (options.progress) options.progress(journal.audit().last_seq(), reader.last_seq());
    return fault;
  };
  auto judged = reader.judge(journal, take, options.root_key);
  if (judged && !judged.value()) judged = journal.audit().first_repeated_id();
  // Damage that a file showed by itself is a finding, not a failure to look.
  if (!judged && judged.error().code != Errc::kCorrupt) return judged.error();
  report.counters = counters_of(journal);
  report.counters.roots = reader.roots_judged();
  report.entries = report.counters.last_seq;
  return ended(judged ? judged.value() : Fault(judged.error().message));
}

}  // namespace suanpan
