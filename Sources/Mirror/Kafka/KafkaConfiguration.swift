import CRdKafka
package import DaybookModel

/// Which cluster, and how to speak to it: librdkafka's own properties, by their names.
package struct KafkaConfiguration: Sendable {
  package struct Property: Sendable, Equatable {
    package let name: String
    package let value: String

    package init(_ name: String, _ value: String) {
      self.name = name
      self.value = value
    }

    /// `NAME=VALUE`. Throws `invalid_argument` for what is not of that form.
    package init(parsing text: String) throws(DaybookError) {
      guard let equals = text.firstIndex(of: "="), equals > text.startIndex else {
        throw DaybookError(
          .invalidArgument, "a property of Kafka's client is NAME=VALUE, not '\(text)'")
      }
      let name = text[..<equals].filter { $0 != " " }
      self.init(name, String(text[text.index(after: equals)...].drop { $0 == " " }))
    }

    /// Everybody on the machine can read a command line, and files are copied.
    package var isSecret: Bool { KafkaConfiguration.secrets.contains(name) }
  }

  package let brokers: String
  let properties: [Property]

  static let secrets: Set<String> = [
    "sasl.password", "sasl.oauthbearer.client.secret", "sasl.oauthbearer.config",
    "ssl.key.password", "ssl.key.pem", "ssl.keystore.password",
  ]

  /// What exactly-once rests on: the mirror alone says these.
  private static let own: [String: String] = [
    "bootstrap.servers": "say --brokers", "metadata.broker.list": "say --brokers",
    "transactional.id": "it is made of the log, its branch and the topic",
    "enable.idempotence": "it is on, or nothing would be exact", "acks": "all replicas in sync ack",
    "request.required.acks": "all replicas in sync ack",
    "isolation.level": "what is not committed is not read",
    "enable.partition.eof": "ends of topics are looked for",
    "enable.auto.commit": "positions stand in the offsets topic",
    "enable.gapless.guarantee": "it is on",
    "allow.auto.create.topics": "a topic that a broker makes has the wrong partitions",
    "group.id": "positions stand in the offsets topic",
    "delivery.report.only.error": "it is the mirror's",
  ]

  /// Later ones go before earlier ones of the same name. Throws `invalid_argument` for a property
  /// that there isn't, a value that it can't have, and one that the mirror sets itself.
  package init(brokers: String, properties: [Property] = []) throws(DaybookError) {
    for property in properties {
      if let why = Self.own[property.name] {
        throw DaybookError(
          .invalidArgument, "the mirror sets \(property.name) itself: \(why)")
      }
    }
    self.brokers = brokers
    self.properties = properties
    let trial = try conf()
    rd_kafka_conf_destroy(trial)
  }

  var hiding: KafkaSecrets { KafkaSecrets(properties.filter(\.isSecret).map(\.value)) }

  /// To be destroyed, or handed to a client.
  func conf(_ more: [Property] = []) throws(DaybookError) -> OpaquePointer {
    let conf = rd_kafka_conf_new()!
    let standing = [
      Property("client.id", "daybook-mirror"), Property("bootstrap.servers", brokers),
      // Signals are the process's.
      Property("log.connection.close", "false"),
    ]
    for property in standing + properties + more {
      do throws(DaybookError) {
        try set(property, in: conf)
      } catch {
        rd_kafka_conf_destroy(conf)
        throw error
      }
    }
    return conf
  }

  private func set(
    _ property: Property, in conf: OpaquePointer
  ) throws(DaybookError) {
    var text = [CChar](repeating: 0, count: 512)
    let result = rd_kafka_conf_set(conf, property.name, property.value, &text, text.count)
    guard result != RD_KAFKA_CONF_OK else { return }
    // What librdkafka says quotes the value.
    let why =
      property.isSecret
      ? "it is not of the form that \(property.name) has"
      : hiding.hidden(
        in: String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self))
    throw DaybookError(
      .invalidArgument,
      result == RD_KAFKA_CONF_UNKNOWN
        ? "librdkafka has no property '\(property.name)': its CONFIGURATION.md lists them"
        : "\(property.name) can't be set: \(why)")
  }
}
