//! The pipeline's tasks.

use airflow_sdk::{Error, Outcome, Result, Task, json};

use crate::model::{Order, Summary};

/// Fetches the orders. The connection names the server, a variable the page; the Python task `regions` says which to keep.
pub fn fetch(task: &Task) -> Result<Vec<Order>> {
    let regions: Vec<String> = task.xcom("regions")?;
    let api = task.connection("orders_api")?;
    let path = task.variable("orders_path")?;
    let host = api.host.as_deref().ok_or_else(|| Outcome::fail("the connection orders_api has no host"))?;
    let url = format!("http://{host}:{}{path}", api.port.unwrap_or(80));
    log::info!(url = url.as_str(); "fetching orders");
    let token = api.password.unwrap_or_default();
    let response = minreq::get(&url).with_header("Authorization", format!("Bearer {token}")).with_timeout(10).send()?;
    if response.status_code != 200 {
        return Err(Error::msg(format!("{url} answered {}", response.status_code)));
    }
    let mut orders: Vec<Order> = serde_json::from_str(response.as_str()?)?;
    orders.retain(|order| regions.contains(&order.region));
    if orders.is_empty() {
        Err(Outcome::skip("there are no orders today"))?;
    }
    log::info!(orders = orders.len(); "fetched");
    Ok(orders)
}

/// The regions that have orders; `summarise` is mapped over them, which nothing here says.
pub fn split(task: &Task) -> Result<Vec<String>> {
    let orders: Vec<Order> = task.xcom("fetch")?;
    let mut regions: Vec<String> = orders.into_iter().map(|order| order.region).collect();
    regions.sort();
    regions.dedup();
    Ok(regions)
}

/// Sums up the orders of one region.
pub fn summarise(task: &Task) -> Result<Summary> {
    let regions: Vec<String> = task.xcom("split")?;
    let index = task.map_index().ok_or_else(|| Error::msg("summarise is a mapped task"))?;
    let region = regions.get(index).ok_or_else(|| Error::msg(format!("there is no region {index}")))?.clone();
    task.set_map_index_label(&region)?;
    let orders: Vec<Order> = task.xcom("fetch")?;
    let amounts: Vec<f64> = orders.iter().filter(|order| order.region == region).map(|order| order.amount).collect();
    Ok(Summary { region, orders: amounts.len(), total: amounts.iter().sum() })
}

/// Publishes the sums, at the second attempt.
pub fn publish(task: &Task) -> Result<usize> {
    if task.try_number() == 1 {
        return Err(Error::msg("the warehouse is busy").context("publishing"));
    }
    let summaries: Vec<Summary> = task.xcom_of("summarise").all()?;
    task.produce("orders_by_region", "s3://warehouse/orders_by_region", json!({"regions": summaries.len()}))?;
    Ok(summaries.len())
}

/// What the Python task `check` reads.
pub fn report(task: &Task) -> Result<Vec<Summary>> {
    Ok(task.xcom_of("summarise").all()?)
}

#[cfg(test)]
mod tests {
    use airflow_sdk::testing::{State, Supervisor};

    use super::{publish, split, summarise};
    use crate::model::{Order, Summary};

    fn orders() -> Vec<Order> {
        let order = |id, region: &str, amount| Order { id, region: region.to_owned(), amount };
        vec![order(1, "us", 1.0), order(2, "eu", 2.5), order(3, "us", 4.0)]
    }

    #[test]
    fn regions_are_sorted_and_unique() {
        let report = Supervisor::new().xcom("fetch", orders()).run_task(split);
        report.assert_success();
        assert_eq!(report.return_value::<Vec<String>>().unwrap(), ["eu", "us"]);
    }

    #[test]
    fn a_region_is_summed_up() {
        let report =
            Supervisor::new().map_index(1).xcom("split", ["eu", "us"]).xcom("fetch", orders()).run_task(summarise);
        let expected = Summary { region: "us".to_owned(), orders: 2, total: 5.0 };
        assert_eq!(report.return_value(), Some(expected), "{report}");
    }

    #[test]
    fn publishing_is_retried() {
        assert_eq!(Supervisor::new().retries(1).run_task(publish).state(), State::UpForRetry);
    }
}
