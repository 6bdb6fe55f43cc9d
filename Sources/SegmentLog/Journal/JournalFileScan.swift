import DaybookModel
import Glibc

/// The records of one file of a journal. The last may be torn; behind it lie those of the file's earlier
/// uses, which count no more. One that is wrong and has one of the same use behind it was durable, and
/// has changed since.
struct JournalFileScan {
  private(set) var records: [JournalRecord] = []
  /// What is wrong with the file.
  private(set) var fault: String?
  /// More is missing than the record behind it can tell of.
  private(set) var isUnknown = false

  init(_ bytes: [UInt8], _ manifest: Manifest) {
    bytes.withUnsafeBytes { raw in
      let header = JournalHeader(raw, manifest.seed)
      if let header, header.branch != manifest.branch.prefix {
        fault = "it is of another branch of the log"
        return
      }
      var walk = Walk(bytes: raw, seed: manifest.seed, generation: header?.generation)
      if header == nil {
        // What is here of the latest use is no less right for it.
        fault = "its header is none of this log's"
        walk.generation = walk.latestGeneration()
      }
      walk.run()
      records = walk.records
      fault = fault ?? walk.fault
      isUnknown = walk.isUnknown
    }
  }

  private struct Walk {
    let bytes: UnsafeRawBufferPointer
    let seed: LogSeed
    var generation: UInt64?
    var records: [JournalRecord] = []
    var fault: String?
    var isUnknown = false

    mutating func run() {
      var at = Int(JournalHeader.recordsStart)
      var previous: UInt32? = 0
      while at < bytes.count {
        var reason = "no record follows"
        switch JournalRecord.decode(bytes, at: at, seed) {
        case .record(let record) where follows(record, previous):
          records.append(record)
          at += record.byteCount
          previous = record.checksum
          continue
        case .record: reason = "a record of an earlier use lies here"
        case .unwritten: break
        case .invalid(let why): reason = why
        }
        guard let next = nextRecord(behind: at, where: { follows($0, nil) }) else { return }
        if fault == nil { fault = "from byte \(at): \(reason), and a later record lies behind" }
        if next.record.points.count == JournalRecord.pointsMax { isUnknown = true }
        at = next.position
        previous = nil
      }
    }

    /// `previous` nil behind a fault.
    private func follows(_ record: JournalRecord, _ previous: UInt32?) -> Bool {
      guard record.generation == generation || Mutant.leavesOut(.journalGeneration),
        records.last.map({ record.number > $0.number }) ?? true
      else { return false }
      return previous.map { $0 == record.previous } ?? true
    }

    func latestGeneration() -> UInt64? {
      var latest: UInt64?
      var at = Int(JournalHeader.recordsStart) - JournalRecord.alignment
      while let (position, record) = nextRecord(behind: at, where: { _ in true }) {
        latest = max(latest ?? 0, record.generation)
        at = position
      }
      return latest
    }

    private func nextRecord(
      behind start: Int, where isWanted: (JournalRecord) -> Bool
    ) -> (position: Int, record: JournalRecord)? {
      var position = start + JournalRecord.alignment
      while position + JournalRecord.headBytes <= bytes.count {
        // Most of a file that has room is zeros.
        if position % Walk.blockBytes == 0, isZero(position) {
          position += Walk.blockBytes
          continue
        }
        if bytes.little(UInt32.self, at: position) == JournalRecord.magic,
          case .record(let record) = JournalRecord.decode(bytes, at: position, seed),
          isWanted(record)
        {
          return (position, record)
        }
        position += JournalRecord.alignment
      }
      return nil
    }

    private static let blockBytes = 512

    private func isZero(_ start: Int) -> Bool {
      guard start + Walk.blockBytes <= bytes.count, bytes[start] == 0,
        let first = bytes.baseAddress.map({ $0 + start })
      else { return false }
      return memcmp(first, first + 1, Walk.blockBytes - 1) == 0
    }
  }
}
