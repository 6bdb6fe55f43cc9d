import DaybookModel

/// `manifest.json`: made once with the log, and by a raise from an earlier format. What it says is
/// checksummed, and proven against the other files before anything is changed (`LogIdentity`).
struct Manifest: Equatable, Sendable {
  static let formatVersion = 2
  static let legacyVersion = 1
  static let name = "manifest.json"
  static let byteCountMax = 64 << 10

  let version: Int
  let partitions: Int
  let log: LogID
  /// New with each copy that is restored, so that no two histories share a name.
  let branch: LogID
  /// Never leaves the folder.
  let secret: LogID
  /// Of a log of format 1 that was raised: the offset of each partition at which it was. Segments
  /// with a base below it are of format 1.
  let raisedAt: [Offset]

  init(
    partitions: Int, log: LogID = .random(), branch: LogID = .random(), secret: LogID = .random()
  ) {
    version = Manifest.formatVersion
    self.partitions = partitions
    self.log = log
    self.branch = branch
    self.secret = secret
    raisedAt = []
  }

  /// The manifest of format 2 that takes the place of one of format 1.
  func raised(at heads: [Offset]) -> Manifest {
    precondition(version == Manifest.legacyVersion && heads.count == partitions)
    return Manifest(
      version: Manifest.formatVersion, partitions: partitions, log: log, branch: .random(),
      secret: .random(), raisedAt: heads)
  }

  private init(
    version: Int, partitions: Int, log: LogID, branch: LogID, secret: LogID, raisedAt: [Offset]
  ) {
    self.version = version
    self.partitions = partitions
    self.log = log
    self.branch = branch
    self.secret = secret
    self.raisedAt = raisedAt
  }

  func seeds(of partition: PartitionID) -> PartitionSeeds {
    guard !raisedAt.isEmpty else { return PartitionSeeds(current: seed) }
    return PartitionSeeds(
      current: seed,
      legacy: (seed: LogSeed(legacy: log), before: raisedAt[partition.index]))
  }

  var seed: LogSeed {
    version == Manifest.legacyVersion
      ? LogSeed(legacy: log) : LogSeed(secret: secret, log: log, partitions: partitions)
  }

  /// Of files that are of no partition.
  var seeds: [LogSeed] { raisedAt.isEmpty ? [seed] : [seed, LogSeed(legacy: log)] }
}

// MARK: text

extension Manifest {
  var text: String {
    if version == Manifest.legacyVersion {
      return "{\"format_version\": 1, \"partitions\": \(partitions), \"log_id\": \"\(log.hex)\"}\n"
    }
    let raised = raisedAt.map { "\($0)" }.joined(separator: " ")
    let covered =
      "{\"format_version\": \(version), \"partitions\": \(partitions), \"log_id\": \"\(log.hex)\", "
      + "\"branch_id\": \"\(branch.hex)\", \"secret\": \"\(secret.hex)\", "
      + (raisedAt.isEmpty ? "" : "\"raised_at\": \"\(raised)\", ")
    return SealedText.close(covered)
  }

  /// Throws `format_version` for a log of another version, `log_corrupt` for what is not, byte for
  /// byte, a manifest that this program wrote.
  init(parsing bytes: [UInt8]) throws(DaybookError) {
    let damaged = DaybookError(
      .logCorrupt,
      "the log's manifest.json is damaged: nothing was changed; restore it from a copy")
    let fields = Manifest.flatObject(bytes)
    guard let version = fields["format_version"].flatMap({ Int($0) }) else { throw damaged }
    guard version == Manifest.formatVersion || version == Manifest.legacyVersion else {
      throw DaybookError(
        .formatVersion,
        "the log's manifest.json states format version \(version), this program knows up to "
          + "\(Manifest.formatVersion): use the program that made it; if this one did, the file is "
          + "damaged, and comes back from a copy")
    }
    guard let partitions = fields["partitions"].flatMap({ Int($0) }),
      (1...Limits.partitionsMax).contains(partitions),
      let log = fields["log_id"].flatMap({ LogID(hex: $0) })
    else { throw damaged }
    let none = LogID(bytes: Array(repeating: 0, count: LogID.byteCount))
    let raised = fields["raised_at"].map { $0.split(separator: " ").map { Int64($0) } } ?? []
    guard raised.isEmpty || raised.count == partitions, raised.allSatisfy({ $0 ?? -1 >= 0 }) else {
      throw damaged
    }
    self.init(
      version: version, partitions: partitions, log: log,
      branch: fields["branch_id"].flatMap { LogID(hex: $0) } ?? none,
      secret: fields["secret"].flatMap { LogID(hex: $0) } ?? none,
      raisedAt: raised.compactMap { $0 }.map { Offset($0) })
    // Whatever is not what these fields are written as was changed by somebody, or rotted.
    guard Array(text.utf8) == bytes else { throw damaged }
  }

  /// The fields of a JSON object of plain strings and numbers: all that a manifest ever holds,
  /// so that the log needs no JSON library.
  private static func flatObject(_ bytes: [UInt8]) -> [String: String] {
    let text = String(decoding: bytes, as: UTF8.self)
    guard let open = text.firstIndex(of: "{"), let close = text.lastIndex(of: "}"), open < close
    else { return [:] }
    var fields: [String: String] = [:]
    for field in text[text.index(after: open)..<close].split(separator: ",") {
      let parts = field.split(separator: ":")
      guard parts.count == 2 else { return [:] }
      let plain = parts.map { part in
        String(part.drop { $0 == " " }.filter { $0 != "\"" })
      }
      fields[plain[0]] = plain[1]
    }
    return fields
  }
}

/// A line of JSON whose last field is the CRC32C of all before that field, for files that are read
/// before anything is known that a checksum could be seeded with.
package enum SealedText {
  private static let field = "\"checksum\": \""

  /// `covered` is an object up to where the field begins.
  package static func close(_ covered: String) -> String {
    "\(covered)\(field)\(digits(LogSeed.plain(Array(covered.utf8))))\"}\n"
  }

  /// The checksum is there, and is that of what stands before it.
  package static func isWhole(_ bytes: [UInt8]) -> Bool {
    let end = Array("00000000\"}\n".utf8).count
    let start = bytes.count - end - field.utf8.count
    guard start > 0 else { return false }
    let covered = String(decoding: bytes[..<start], as: UTF8.self)
    return Array(close(covered).utf8) == bytes
  }

  private static func digits(_ value: UInt32) -> String {
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: 8 - digits.count) + digits
  }
}
