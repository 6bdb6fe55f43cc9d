import DaybookModel
import Glibc
import Mirror

/// A mirror as `serve --mirror` is told of it (`schemas/kafka.md`): what `mirror run` takes as options,
/// in YAML.
enum MirrorFile {
  private struct Description: Decodable {
    var brokers: String
    var topic: String?
    var offsetsTopic: String?
    var format: String?
    var types: [String]?
    var streams: [String]?
    var redact: String?
    /// `none` for none.
    var groupsTopic: String?
    var from: Scalar?
    var producers: Int?
    var transactionEvents: Int?
    var atLeastOnce: Bool?
    var config: [String: Scalar]?
    var configFile: String?

    enum CodingKeys: String, CodingKey, CaseIterable {
      case brokers, topic, format, types, streams, redact, from, producers, config
      case offsetsTopic = "offsets_topic"
      case groupsTopic = "groups_topic"
      case transactionEvents = "transaction_events"
      case atLeastOnce = "at_least_once"
      case configFile = "config_file"
    }
  }

  /// A value as it is written, whatever YAML takes it for.
  private struct Scalar: Decodable {
    let text: String

    init(from decoder: any Decoder) throws {
      let container = try decoder.singleValueContainer()
      if let flag = try? container.decode(Bool.self) {
        text = "\(flag)"
      } else if let number = try? container.decode(Int64.self) {
        text = "\(number)"
      } else {
        text = try container.decode(String.self)
      }
    }
  }

  /// Throws `invalid_argument`, and `permission_denied` for a file with a password that others can
  /// read.
  static func read(_ path: String) throws(DaybookError) -> MirrorSettings {
    let description = try YAMLFile.read(
      path, as: Description.self, keys: Description.CodingKeys.self, of: "a mirror")
    var properties = try properties(of: description, beside: path)
    for (name, value) in (description.config ?? [:]).sorted(by: { $0.key < $1.key }) {
      properties.append(KafkaConfiguration.Property(name, value.text))
    }
    let hasSecret = (description.config ?? [:]).contains {
      KafkaConfiguration.Property($0.key, $0.value.text).isSecret
    }
    if hasSecret { try KafkaPropertiesFile.checkOwnersOnly(path) }
    return try settings(description, properties, path)
  }

  /// Of the file of properties that it names, which lies beside it.
  private static func properties(
    of description: Description, beside path: String
  ) throws(DaybookError) -> [KafkaConfiguration.Property] {
    guard let file = description.configFile else { return [] }
    guard !file.hasPrefix("/"), let slash = path.lastIndex(of: "/") else {
      return try KafkaPropertiesFile.read(file)
    }
    return try KafkaPropertiesFile.read(path[...slash] + file)
  }

  private static func settings(
    _ description: Description, _ properties: [KafkaConfiguration.Property], _ path: String
  ) throws(DaybookError) -> MirrorSettings {
    let kafka = try KafkaConfiguration(brokers: description.brokers, properties: properties)
    var settings = MirrorSettings(kafka: kafka)
    settings.topic = description.topic ?? settings.topic
    settings.offsetsTopic = description.offsetsTopic ?? settings.offsetsTopic
    settings.producers = description.producers ?? settings.producers
    settings.transactionEventsMax = description.transactionEvents ?? settings.transactionEventsMax
    settings.isAtLeastOnce = description.atLeastOnce ?? settings.isAtLeastOnce
    settings.shape = try ShapeOptions.shape(
      format: description.format, types: description.types ?? [],
      streams: description.streams ?? [], redact: description.redact)
    let groups = description.groupsTopic ?? MirrorSettings.standardGroupsTopic(settings.topic)
    settings.groupsTopic = groups == "none" ? nil : groups
    if let from = description.from { settings.begins = try MirrorRun.beginning(from.text) }
    if let fault = settings.fault {
      throw DaybookError(.invalidArgument, "\(path): \(fault)")
    }
    return settings
  }
}
