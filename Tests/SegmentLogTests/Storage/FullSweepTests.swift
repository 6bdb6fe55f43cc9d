import DaybookModel
import Testing

@testable import SegmentLog

@Suite(
  "The smallest log, each bit of it wrong in turn, and cut at each byte", .timeLimit(.minutes(30)))
struct FullSweepTests {
  /// What each is one of, as its path ends.
  enum Kind: String, CaseIterable, CustomTestStringConvertible {
    case segment = ".log"
    case index = ".index"
    case watermark = "/watermark"
    case manifest = "/manifest.json"
    case epoch = "/epoch"

    /// It can be made anew from what else is there.
    var isDerived: Bool { self == .index || self == .watermark }
    /// Without it the log need not open.
    var mayRefuse: Bool { self == .manifest || self == .epoch }
    var testDescription: String { String(rawValue.dropFirst()) }
  }

  /// The damaged copies are those of the files of one partition, or of none.
  private func sweep(
    _ kind: Kind, _ damages: (SimFile) -> [Damage]
  ) throws {
    let small = try SmallLog(.tiny)
    let files = small.files.filter { $0.path.hasSuffix(kind.rawValue) && $0.partition != 1 }
    #expect(!files.isEmpty)
    for (path, partition) in files {
      for damage in damages(try small.disk.file(path)) {
        let copy = small.disk.copy(seed: 1)
        damage.done(to: try copy.file(path))
        copy.root.syncAll()
        if kind == .segment, damage.isVerified {
          let reader = try SegmentLogReader(
            LogFolder(files: copy, path: SmallLog.folder), TestScanner())
          let named = Set(try reader.verify().faults.map(\.partition.index))
          #expect(named == [0], "\(damage) of \(path), verified")
        }
        let found = small.judge(
          copy, partition: partition, isDerived: kind.isDerived, mayRefuse: kind.mayRefuse)
        #expect(found == [], "\(damage) of \(path)")
      }
    }
  }

  enum Damage {
    case bit(Int)
    case cut(Int)

    /// `verify` goes through the copy as well: for each byte once.
    var isVerified: Bool {
      if case .bit(let bit) = self { bit % 8 == bit / 8 % 8 } else { true }
    }

    func done(to file: SimFile) {
      switch self {
      case .bit(let bit): file.rot(bit / 8..<bit / 8 + 1) { $1 ^ 1 << UInt8(bit % 8) }
      case .cut(let length): file.truncate(to: length)
      }
    }
  }

  @Test("a wrong bit costs its partition at most, by name", arguments: Kind.allCases)
  func everyBit(_ kind: Kind) throws {
    try sweep(kind) { bytes(of: $0, kind).flatMap { at in (0..<8).map { .bit(at * 8 + $0) } } }
  }

  @Test("a cut costs its partition at most, by name", arguments: Kind.allCases)
  func everyCut(_ kind: Kind) throws {
    try sweep(kind) { bytes(of: $0, kind).map { .cut($0) } }
  }

  /// All that are used; of the room between a watermark's slots a few.
  private func bytes(of file: SimFile, _ kind: Kind) -> [Int] {
    let used = file.disk.lastIndex { $0 != 0 } ?? 0
    return (0...used).filter { at in
      kind != .watermark || at % WatermarkSlot.slotDistance < WatermarkSlot.byteCount
        || at % 509 == 0
    }
  }
}
