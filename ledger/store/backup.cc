#include "ledger/store/backup.h"

#include <algorithm>
#include <charconv>

#include "ledger/base/file.h"
#include "ledger/store/archive_file.h"
#include "ledger/store/format.h"
#include "ledger/store/journal.h"
#include "ledger/store/rocks_backup.h"
#include "ledger/store/rocks_store.h"

namespace suanpan {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kForm = "suanpan-backup 1";
constexpr std::string_view kNamePrefix = "backup-";
constexpr std::size_t kLoadBytes = 256 << 20;  // of the journal, in one sorted file
constexpr const char* kRestoring = "restoring";

fs::path manifest_path(const fs::path& folder, std::uint32_t number) {
  return folder / fmt::format("{}{:06}", kNamePrefix, number);
}

std::string encode(const Backup& b) {
  std::string text = fmt::format("{}\nnumber {}\nbook {}\nhead {} {}\ntaken {}\n", kForm, b.number,
                                 b.book.hex(), b.head.seq, hex_lower(b.head.hash), b.taken.ns);
  for (const DailyRoot& root : b.roots) text += root.line() + "\n";
  return text + "sha256 " + hex_lower(sha256(text)) + "\n";
}

/// The rest of a line that begins with `name` and a space.
std::optional<std::string_view> value_of(std::string_view& text, std::string_view name) {
  const std::size_t end = text.find('\n');
  if (end == std::string_view::npos || !text.starts_with(name) || text[name.size()] != ' ')
    return std::nullopt;
  const std::string_view value = text.substr(name.size() + 1, end - name.size() - 1);
  text.remove_prefix(end + 1);
  return value;
}

template <class Number>
bool read_number(std::string_view text, Number& to) {
  const auto read = std::from_chars(text.data(), text.data() + text.size(), to);
  return read.ec == std::errc{} && read.ptr == text.data() + text.size();
}

std::optional<Backup> decode(std::string_view text) {
  const std::string_view whole = text;
  Backup b;
  const auto form = value_of(text, "suanpan-backup");
  const auto number = value_of(text, "number");
  const auto book = value_of(text, "book");
  const auto head = value_of(text, "head");
  const auto taken = value_of(text, "taken");
  if (!form || !number || !book || !head || !taken) return std::nullopt;
  const auto id = Id128::from_hex(*book);
  const std::size_t space = head->find(' ');
  const auto hash =
      space == std::string_view::npos ? std::nullopt : sha256_from_hex(head->substr(space + 1));
  if (!id || !hash || !read_number(*number, b.number) ||
      !read_number(head->substr(0, space), b.head.seq) || !read_number(*taken, b.taken.ns))
    return std::nullopt;
  b.book = *id;
  b.head.hash = *hash;
  while (text.starts_with("root1 ")) {
    const std::size_t end = text.find('\n');
    auto root = DailyRoot::parse(text.substr(0, end));
    if (!root || end == std::string_view::npos) return std::nullopt;
    b.roots.push_back(std::move(root.value()));
    text.remove_prefix(end + 1);
  }
  if (encode(b) != whole) return std::nullopt;
  return b;
}

Result<Backup> read_manifest(const fs::path& path) {
  TRY(const auto text, read_file(path));
  const auto backup = decode(text);
  if (!backup)
    return fail(Errc::kCorrupt, "{}: the backup's description is damaged", path.string());
  return *backup;
}

/// Every manifest there is, the newest last.
Result<std::vector<fs::path>> manifests(const fs::path& folder) {
  std::vector<fs::path> paths;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with(kNamePrefix) && !name.ends_with(".new")) paths.push_back(entry.path());
  }
  if (error) return fail(Errc::kIo, "{}: {}", folder.string(), error.message());
  std::sort(paths.begin(), paths.end());
  return paths;
}

}  // namespace

Result<std::vector<Backup>> list_backups(const fs::path& folder) {
  if (!fs::exists(folder))
    return fail(Errc::kNotFound, "{}: there are no backups", folder.string());
  TRY(auto paths, manifests(folder));
  std::vector<Backup> backups;
  for (const fs::path& path : paths) {
    TRY(auto backup, read_manifest(path));
    backups.push_back(std::move(backup));
  }
  return backups;
}

namespace {

/// Whole or not at all, readable by the owner alone.
Result<void> copy_keys(const fs::path& from, const fs::path& to) {
  const fs::path beside = to.string() + ".new";
  std::error_code error;
  fs::copy_file(from, beside, fs::copy_options::overwrite_existing, error);
  if (!error) fs::permissions(beside, fs::perms::owner_read | fs::perms::owner_write, error);
  if (error) return fail(Errc::kIo, "{}: {}", to.string(), error.message());
  TRY(sync_file(beside));
  fs::rename(beside, to, error);
  if (error) return fail(Errc::kIo, "{}: {}", to.string(), error.message());
  return sync_folder(to.parent_path());
}

/// Where a file is there to be copied; `replace`: over one that is there already.
Result<void> copy_all_keys(const fs::path& from, const fs::path& to, bool replace) {
  for (const char* name : kSubjectKeyFiles) {
    if (!fs::exists(from / name) || (!replace && fs::exists(to / name))) continue;
    TRY(copy_keys(from / name, to / name));
  }
  return success();
}

}  // namespace

Result<Backup> take_backup(KeyValueStore& store, const fs::path& book_folder, const fs::path& to,
                           Timestamp now) {
  std::error_code error;
  Backup backup;
  TRY(backup.book, book_identity(store));
  fs::create_directories(to, error);
  if (error) return fail(Errc::kIo, "{}: {}", to.string(), error.message());
  TRY(auto earlier, list_backups(to));
  std::vector<std::uint32_t> whole;
  for (const Backup& b : earlier) {
    if (b.book != backup.book)
      return fail(Errc::kMismatch, "{}: another book's backups lie there", to.string());
    whole.push_back(b.number);
  }
  TRY(rocks_keep_backups(to / "store", whole));
  TRY(auto head, HeadFile::read(book_folder / "head"));
  backup.head = head.value_or(Head{});
  TRY(backup.number, store.back_up(to / "store"));
  TRY(backup.roots, RootFile::read(book_folder / "roots"));
  // After the database: a block never needs a key that is younger than it.
  TRY(copy_all_keys(book_folder, to, true));
  backup.taken = now;
  TRY(write_file_atomically(manifest_path(to, backup.number), encode(backup)));
  return backup;
}

namespace {

Result<void> refuse_what_is_there(const fs::path& to) {
  const auto taken = [&](const char* name) {
    return fail(Errc::kMismatch, "{} is there already: a backup is restored to a folder of its own",
                (to / name).string());
  };
  if (fs::exists(to / "db")) return taken("db");
  if (fs::exists(to / kRestoring)) return success();  // cut short: what is there is its own
  for (const char* name : {"head", "roots"})
    if (fs::exists(to / name)) return taken(name);
  return success();
}

/// The blocks of a backup's journal; those that were purged, from an archive.
class WholeJournal {
 public:
  WholeJournal(const KeyValueStore& from, const fs::path& archive)
      : cursor_(from.cursor(Table::kJournal)), archive_(archive) {
    cursor_->seek("");
  }
  /// The next; null at the end.
  Result<BlockPtr> next() {
    TRY(cursor_->status());
    if (!cursor_->valid()) return BlockPtr{};
    TRY(auto block, Block::parse(std::string(cursor_->value())));
    cursor_->next();
    if (!block->archived()) return block;
    if (archive_.empty())
      return fail(Errc::kArchived,
                  "journal entry {} was purged before the backup was taken: its whole is in the "
                  "archive (--archive)",
                  block->first_seq());
    return whole(*block);
  }

 private:
  Result<BlockPtr> whole(const Block& archived) {
    while (!file_ || file_->facts().last_seq < archived.first_seq()) {
      const fs::path path = archive_ / archive_file_name(++number_);
      if (!fs::exists(path))
        return fail(Errc::kMismatch, "{}: the archive ends before journal entry {}",
                    archive_.string(), archived.first_seq());
      TRY(file_, ArchiveFile::read(path));
      at_ = 0;
    }
    for (; at_ < file_->size(); ++at_) {
      TRY(auto block, file_->block(at_));
      if (block->first_seq() < archived.first_seq()) continue;
      if (block->hash() != archived.hash()) break;
      ++at_;
      return block;
    }
    return fail(Errc::kMismatch, "{}: it does not hold the block of journal entry {}",
                (archive_ / archive_file_name(number_)).string(), archived.first_seq());
  }

  std::unique_ptr<Cursor> cursor_;
  const fs::path archive_;
  std::optional<ArchiveFile> file_;
  std::uint32_t number_ = 0;
  std::size_t at_ = 0;
};

/// Copies the journal up to the last block that ends at or before `until` to a new store. `erased`
/// receives the keys that it erases after that, a line each.
Result<Head> copy_prefix(WholeJournal from, KeyValueStore& to, std::uint64_t until,
                         std::string& erased) {
  Head head;
  auto load = to.bulk_load();
  std::size_t loaded = 0;
  for (;;) {
    TRY(auto block, from.next());
    if (!block) break;
    if (block->last_seq() > until) {
      for (const VariablePart& part : block->parts())
        for (const DocumentPtr& document : part.documents)
          if (document->kind == DocumentKind::kErasure) erased += document->key + "\n";
      continue;
    }
    TRY(load->add(Table::kJournal, big_endian(block->first_seq()), block->bytes()));
    head = Head{block->last_seq(), block->hash()};
    loaded += block->bytes().size();
    if (loaded < kLoadBytes) continue;
    TRY(load->finish());
    load = to.bulk_load();
    loaded = 0;
  }
  if (loaded > 0) {
    TRY(load->finish());
  }
  if (head.seq == 0)
    return fail(Errc::kNotFound, "nothing of the journal ends at or before entry {}", until);
  return head;
}

/// Where the journal is to end; the backup's own end if that comes first.
Result<std::uint64_t> end_of_restore(const Journal& journal, const RestorePoint& until) {
  std::uint64_t end = journal.last_seq();
  if (until.seq) end = std::min(end, *until.seq);
  if (until.time) {
    TRY(auto at, journal.seq_at(*until.time, end));
    end = at;
  }
  return end;
}

/// Leaves in `work` the folder "db" and returns the head of its journal.
Result<Head> restore_store(const fs::path& from, const fs::path& work, const Backup& backup,
                           const RestorePoint& until, Restored& restored) {
  TRY(rocks_restore(from / "store", backup.number, work / "whole"));
  {
    RocksOptions as_it_is;
    as_it_is.keep_format = true;
    TRY(auto whole, open_rocks(work / "whole", as_it_is));
    TRY(auto book, book_identity(*whole));
    if (book != backup.book)
      return fail(Errc::kCorrupt, "backup {}: another book lies in it than it says", backup.number);
    TRY(auto journal, Journal::open_for_reading(*whole, backup.head));
    TRY(auto end, end_of_restore(*journal, until));
    restored.cut = end < journal->last_seq();
    restored.anew = restored.cut || !until.archive.empty();
    if (restored.anew) {
      TRY(auto store, open_rocks(work / "db", RocksOptions{true, false}));
      TRY(const auto rows, rows_of_copy(*whole));
      TRY(store->write(rows, Durability::kSynced));
      std::string erased;
      TRY(const Head head, copy_prefix(WholeJournal(*whole, until.archive), *store, end, erased));
      if (!erased.empty()) {
        TRY(write_file_atomically(work.parent_path() / kErasedList, erased));
      }
      return head;
    }
    const Head head{journal->last_seq(), journal->last_hash()};
    TRY(whole->flush());
    whole.reset();
    std::error_code error;
    fs::rename(work / "whole", work / "db", error);
    if (error) return fail(Errc::kIo, "{}: {}", work.string(), error.message());
    return head;
  }
}

Result<Backup> choose(const fs::path& from, std::uint32_t number) {
  if (!fs::exists(from)) return fail(Errc::kNotFound, "{}: there are no backups", from.string());
  // Only the one that is wanted must be sound.
  TRY(auto paths, manifests(from));
  const auto path = number == 0 && !paths.empty() ? paths.back() : manifest_path(from, number);
  if (paths.empty() || !fs::exists(path))
    return fail(Errc::kNotFound, "{}: there is no whole backup {}", from.string(),
                number == 0 ? std::string("at all") : std::to_string(number));
  return read_manifest(path);
}

}  // namespace

Result<Restored> restore_backup(const fs::path& from, const fs::path& to, const RestorePoint& until,
                                std::uint32_t number) {
  Restored restored;
  TRY(restored.backup, choose(from, number));
  std::error_code error;
  fs::create_directories(to, error);
  if (error) return fail(Errc::kIo, "{}: {}", to.string(), error.message());
  TRY(refuse_what_is_there(to));
  const fs::path work = to / kRestoring;
  fs::remove_all(work, error);
  fs::create_directories(work, error);
  if (error) return fail(Errc::kIo, "{}: {}", work.string(), error.message());
  TRY(sync_folder(to));
  TRY(restored.head, restore_store(from, work, restored.backup, until, restored));
  std::vector<DailyRoot> roots;
  for (const DailyRoot& root : restored.backup.roots)
    if (root.seq <= restored.head.seq) roots.push_back(root);
  TRY(RootFile::write(to / "roots", roots));
  TRY(HeadFile::reset(to / "head", restored.head));
  TRY(copy_all_keys(from, to, false));
  // The database last: with it the folder is a book.
  TRY(sync_folder(work / "db"));
  fs::rename(work / "db", to / "db", error);
  if (error) return fail(Errc::kIo, "{}: {}", to.string(), error.message());
  TRY(sync_folder(to));
  fs::remove_all(work, error);
  return restored;
}

}  // namespace suanpan
