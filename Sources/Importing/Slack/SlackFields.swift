import DaybookModel

/// The members of an object in a file of an export, with what to say where one is wrong.
struct SlackFields {
  let value: JSONValue
  let place: String

  /// Nil where there is none, or null. Throws `invalid_input` for anything but a string.
  func text(_ name: String) throws(DaybookError) -> String? {
    switch value[name] {
    case nil, .null?: return nil
    case .string(let text)?: return text
    default: throw SlackFields.fault(place, "'\(name)' is no string")
    }
  }

  /// Throws `invalid_input` for anything but a string with something in it.
  func required(_ name: String) throws(DaybookError) -> String {
    guard let text = try text(name), !text.isEmpty else {
      throw SlackFields.fault(place, "it has no '\(name)'")
    }
    return text
  }

  /// What Slack itself writes in several forms: nil for every form but a string.
  func textIfAny(_ name: String) -> String? {
    if case .string(let text)? = value[name] { text } else { nil }
  }

  /// The strings of an array; none for anything else.
  func texts(_ name: String) -> [String] {
    guard case .array(let values)? = value[name] else { return [] }
    return values.compactMap { if case .string(let text) = $0 { text } else { nil } }
  }

  /// The objects of an array; none for anything else.
  func objects(_ name: String) -> [SlackFields] {
    guard case .array(let values)? = value[name] else { return [] }
    return values.compactMap { SlackFields(object: $0, place: place) }
  }

  func object(_ name: String) -> SlackFields? {
    value[name].flatMap { SlackFields(object: $0, place: place) }
  }

  private init?(object: JSONValue, place: String) {
    guard case .object = object else { return nil }
    self.init(value: object, place: place)
  }

  init(value: JSONValue, place: String) {
    self.value = value
    self.place = place
  }

  static func fault(_ place: String, _ reason: String) -> DaybookError {
    DaybookError(.invalidInput, "\(place): \(reason): is this a Slack export as it was downloaded?")
  }

  /// The objects that a file lists. Throws `invalid_input` for what is no array of them.
  static func list(_ content: [UInt8], file: String) throws(DaybookError) -> [SlackFields] {
    let value: JSONValue
    do throws(JSONFault) {
      value = try JSONReader.read(content)
    } catch {
      throw DaybookError(
        .invalidInput, "\(file):\(error.line):\(error.column): no valid JSON: \(error.reason)")
    }
    guard case .array(let values) = value else { throw fault(file, "it is no array") }
    var list: [SlackFields] = []
    for (index, value) in values.enumerated() {
      let place = "\(file), entry \(index + 1)"
      guard let fields = SlackFields(object: value, place: place) else {
        throw fault(place, "it is no object")
      }
      list.append(fields)
    }
    return list
  }
}
