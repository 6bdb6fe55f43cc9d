import DaybookModel

/// The members of an object in a file of an export. What is wrong is told by its reason alone: who
/// reads the file knows the place.
struct SlackFields {
  let value: JSONValue

  /// Nil where there is none, or null. Throws `invalid_input` for anything but a string.
  func text(_ name: String) throws(DaybookError) -> String? {
    switch value[name] {
    case nil, .null?: return nil
    case .string(let text)?: return text
    default: throw SlackFields.fault("'\(name)' is no string")
    }
  }

  /// Throws `invalid_input` for anything but a string with something in it.
  func required(_ name: String) throws(DaybookError) -> String {
    guard let text = try text(name), !text.isEmpty else {
      throw SlackFields.fault("it has no '\(name)'")
    }
    return text
  }

  /// What Slack itself writes in several forms: nil for every form but a string.
  func textIfAny(_ name: String) -> String? {
    if case .string(let text)? = value[name] { text } else { nil }
  }

  /// The first of these that says something.
  func firstText(_ names: String...) -> String? {
    for name in names {
      if let text = textIfAny(name), !text.isEmpty { return text }
    }
    return nil
  }

  /// Whether it is there and true.
  func isTrue(_ name: String) -> Bool { value[name] == .bool(true) }

  /// A number, or a string of one, as written.
  func number(_ name: String) -> String? {
    switch value[name] {
    case .number(let text)?, .string(let text)?: text
    default: nil
    }
  }

  /// The strings of an array; none for anything else.
  func texts(_ name: String) -> [String] {
    guard case .array(let values)? = value[name] else { return [] }
    return values.compactMap { if case .string(let text) = $0 { text } else { nil } }
  }

  /// The objects of an array; none for anything else.
  func objects(_ name: String) -> [SlackFields] {
    guard case .array(let values)? = value[name] else { return [] }
    return values.compactMap { SlackFields(object: $0) }
  }

  func object(_ name: String) -> SlackFields? { value[name].flatMap { SlackFields(object: $0) } }

  init?(object: JSONValue) {
    guard case .object = object else { return nil }
    value = object
  }

  static func fault(_ reason: String) -> DaybookError { DaybookError(.invalidInput, reason) }
}
