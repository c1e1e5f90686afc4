use airflow_sdk::{Result, Task, bundle};

fn extract(_task: &Task) -> Result<Vec<u64>> {
    Ok(vec![3, 4, 5])
}

fn load(task: &Task) -> Result<u64> {
    let rows: Vec<u64> = task.xcom("extract")?;
    Ok(rows.iter().sum())
}

fn main() -> std::process::ExitCode {
    bundle! { "xtask_route" => { extract, load } }.serve()
}
