package import DaybookModel

/// What a mirror makes of the log: how values are written, what is left out.
package struct RecordShape: Sendable, Equatable {
  package enum Value: String, Sendable, CaseIterable {
    /// The event's bytes as they are in the log.
    case protobuf
    /// Protobuf's own mapping to JSON, with the names of `event.proto`.
    case json

    var mediaType: StaticString {
      switch self {
      case .protobuf: "application/protobuf"
      case .json: "application/json"
      }
    }
  }

  package enum Redaction: String, Sendable, CaseIterable {
    case none
    /// What people have written is left out of messages and edits.
    case content
  }

  package var value: Value
  package var filter: EventFilter
  package var redaction: Redaction

  package init(
    value: Value = .protobuf, filter: EventFilter = .all, redaction: Redaction = .none
  ) {
    self.value = value
    self.filter = filter
    self.redaction = redaction
  }

  /// Every event, its bytes unchanged.
  package var isComplete: Bool { filter.isAll && redaction == .none }
}

// MARK: as text

extension RecordShape {
  /// As it stands beside a mirror's positions: a JSON object that is the same for the same shape.
  package var text: String {
    var members = ["\"format\":\"\(value.rawValue)\""]
    if let kinds = filter.kinds {
      members.append("\"types\":\(RecordShape.list(kinds.map(\.name)))")
    }
    if let streams = filter.streams?.patterns {
      members.append("\"streams\":\(RecordShape.list(streams))")
    }
    if redaction != .none { members.append("\"redact\":\"\(redaction.rawValue)\"") }
    return "{\(members.joined(separator: ","))}"
  }

  private static func list(_ texts: [String]) -> String {
    "[\(texts.map(JSONValue.quoted).joined(separator: ","))]"
  }

  /// What `text` wrote. Throws `format_version` for what a later version may have written.
  package init(text: String) throws(DaybookError) {
    let unknown = DaybookError(
      .formatVersion,
      "the mirror's format \(PrintableText.quoted(text)) is none that this version knows: take a newer one"
    )
    guard let json = try? JSONReader.read(Array(text.utf8)), case .object(let members) = json,
      members.allSatisfy({ ["format", "types", "streams", "redact"].contains($0.name) }),
      case .string(let format)? = json["format"], let value = Value(rawValue: format)
    else { throw unknown }
    var redaction = Redaction.none
    if let redact = json["redact"] {
      guard case .string(let name) = redact, let known = Redaction(rawValue: name) else {
        throw unknown
      }
      redaction = known
    }
    guard let types = RecordShape.texts(json["types"]),
      let streams = RecordShape.texts(json["streams"]),
      let filter = try? EventFilter(types: types, streams: streams)
    else { throw unknown }
    self.init(value: value, filter: filter, redaction: redaction)
  }

  /// None for a member that isn't there; nil for what is no list of strings.
  private static func texts(_ value: JSONValue?) -> [String]? {
    guard let value else { return [] }
    guard case .array(let elements) = value, !elements.isEmpty else { return nil }
    var texts: [String] = []
    for element in elements {
      guard case .string(let text) = element else { return nil }
      texts.append(text)
    }
    return texts
  }
}
