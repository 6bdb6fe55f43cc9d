import DaybookModel

/// How files of the log are called.
enum FileNames {
  static let segmentSuffix = ".log"
  static let indexSuffix = ".index"
  static let watermark = "watermark"
  static let reserve = "reserve"
  static let cutSuffix = ".cut"
  /// Folder of the journal's files.
  static let journal = "journal"
  static let journalSuffix = ".journal"

  /// The base offset in 20 digits, so that names sort as offsets do.
  static func base(_ offset: Offset) -> String {
    let digits = String(offset.rawValue)
    return String(repeating: "0", count: 20 - digits.count) + digits
  }

  static func segment(_ base: Offset) -> String { FileNames.base(base) + segmentSuffix }
  static func index(_ base: Offset) -> String { FileNames.base(base) + indexSuffix }

  /// The base offset of a segment's file name; nil for other names.
  static func segmentBase(_ name: String) -> Offset? {
    guard name.utf8.count == 20 + segmentSuffix.utf8.count, name.hasSuffix(segmentSuffix) else {
      return nil
    }
    let digits = name.utf8.prefix(20)
    guard digits.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else {
      return nil
    }
    return String(digits).flatMap { Int64($0) }.map { Offset($0) }
  }
}
