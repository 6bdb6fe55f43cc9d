import DaybookModel

/// `manifest.json`: made once with the log, never changed.
struct Manifest: Equatable, Sendable {
  static let formatVersion = 1
  static let name = "manifest.json"
  static let byteCountMax = 4096

  let partitions: Int
  let log: LogID

  var text: String {
    """
    {"format_version": \(Manifest.formatVersion), "partitions": \(partitions), \
    "log_id": "\(log.hex)"}

    """
  }

  init(partitions: Int, log: LogID) {
    self.partitions = partitions
    self.log = log
  }

  /// Throws `format_version` for a log of another version, `log_corrupt` for what is no manifest.
  init(parsing bytes: [UInt8]) throws(DaybookError) {
    let fields = Manifest.flatObject(bytes)
    guard let version = fields["format_version"].flatMap({ Int($0) }) else {
      throw DaybookError(
        .logCorrupt, "the log's manifest.json can't be read: restore it from a copy")
    }
    guard version == Manifest.formatVersion else {
      throw DaybookError(
        .formatVersion,
        "the log has format version \(version), this program knows \(Manifest.formatVersion): "
          + "use the program that made it, or a newer one")
    }
    guard let partitions = fields["partitions"].flatMap({ Int($0) }),
      (1...Limits.partitionsMax).contains(partitions),
      let log = fields["log_id"].flatMap({ LogID(hex: $0) })
    else {
      throw DaybookError(
        .logCorrupt, "the log's manifest.json lacks partitions or log_id: restore it from a copy")
    }
    self.init(partitions: partitions, log: log)
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
      let plain = parts.map { $0.filter { !$0.isWhitespace && $0 != "\"" } }
      fields[String(plain[0])] = String(plain[1])
    }
    return fields
  }
}
